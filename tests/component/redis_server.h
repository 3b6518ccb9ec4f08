/*
 * redis_server.h - a redis-server of a test's own: free port, temporary folder, killed by its pid.
 * Included once by a test, behind its own headers.
 */
#pragma once

#include <arpa/inet.h>
#include <ftw.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SERVER_LOOK_COUNT_MAX = 2000 };

/* The server of all tests; started once, emptied before each of them. */
static struct {
    pid_t pid;
    int port;
    char folder[64];
} server;

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* A pause between two looks at a state; never what makes a test right. */
static void pause_briefly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static redisContext *admin_connect(void)
{
    redisContext *admin = redisConnect("127.0.0.1", server.port);
    assert_non_null(admin);
    return admin;
}

static void admin_run(const char *command)
{
    redisContext *admin = admin_connect();
    redisReply *reply = redisCommand(admin, command);
    if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", command, reply == NULL ? admin->errstr : reply->str);
    freeReplyObject(reply);
    redisFree(admin);
}

static bool server_answers(void)
{
    redisContext *admin = admin_connect();
    redisReply *reply = admin->err == 0 ? redisCommand(admin, "PING") : NULL;
    const bool answers = reply != NULL && reply->type == REDIS_REPLY_STATUS;
    if (reply != NULL)
        freeReplyObject(reply);
    redisFree(admin);
    return answers;
}

static void server_launch(bool cluster)
{
    char port[16], bus_port[16];
    snprintf(port, sizeof port, "%d", server.port);
    snprintf(bus_port, sizeof bus_port, "%d", free_port());
    server.pid = fork();
    assert_true(server.pid >= 0);
    if (server.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is killed leaves no server behind */
        execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir",
               server.folder, "--save", "", "--appendonly", "yes", "--appendfsync", "always",
               "--logfile", "redis.log", cluster ? "--cluster-enabled" : NULL, "yes",
               "--cluster-port", bus_port, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < SERVER_LOOK_COUNT_MAX && !server_answers(); i++) {
        if (waitpid(server.pid, NULL, WNOHANG) != 0)
            fail_msg("redis-server ended: not installed, or port %d was taken", server.port);
        pause_briefly();
    }
    assert_true(server_answers());
}

static void server_kill(void)
{
    assert_int_equal(kill(server.pid, SIGKILL), 0);
    assert_int_equal(waitpid(server.pid, NULL, 0), server.pid);
    server.pid = 0;
}

static int group_begin(void **state)
{
    (void)state;
    snprintf(server.folder, sizeof server.folder, "/tmp/test_redis.XXXXXX");
    assert_non_null(mkdtemp(server.folder));
    server.port = free_port();
    server_launch(false);
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

static int group_end(void **state)
{
    (void)state;
    if (server.pid > 0)
        server_kill();
    return nftw(server.folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

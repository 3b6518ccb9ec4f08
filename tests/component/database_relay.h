/* database_relay.h - a connection to PostgreSQL that a test can make fall silent. */
#pragma once

#include <libpq-fe.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Passes bytes between a client and the real server until it is told to be silent: then it is what
 * a connection is like whose other end vanished. One connection, and a second one when it is told
 * that the network is whole again; the first stays open and silent for ever. */
typedef struct Relay {
    const char *url; /* of the server */
    int listen_fd, client_fd, server_fd, dead_client_fd, dead_server_fd;
    uint16_t port;
    atomic_bool silent, whole_again, stop;
    pthread_t thread;
} Relay;

static inline int server_connect(const char *url)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    const char *host = "127.0.0.1", *port = "5432";
    for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, "host") == 0 && o->val != NULL)
            host = o->val;
        if (strcmp(o->keyword, "port") == 0 && o->val != NULL)
            port = o->val;
    }
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM};
    assert_int_equal(getaddrinfo(host, port, &hints, &found), 0);
    const int fd = socket(found->ai_family, SOCK_STREAM, 0);
    const int answer = connect(fd, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    PQconninfoFree(options);
    return answer == 0 ? fd : -1;
}

static inline void relay_pass(Relay *relay, int from, int to)
{
    char bytes[4096];
    const ssize_t size = read(from, bytes, sizeof bytes);
    if (size <= 0 || write(to, bytes, (size_t)size) != size)
        atomic_store(&relay->stop, true);
}

static inline void relay_accept(Relay *relay)
{
    relay->client_fd = accept(relay->listen_fd, NULL, NULL);
    relay->server_fd = server_connect(relay->url);
}

static inline void *relay_run(void *opaque)
{
    Relay *relay = opaque;
    relay_accept(relay);
    while (!atomic_load(&relay->stop)) {
        if (atomic_exchange(&relay->whole_again, false)) {
            relay->dead_client_fd = relay->client_fd;
            relay->dead_server_fd = relay->server_fd;
            relay_accept(relay);
            atomic_store(&relay->silent, false);
        }
        struct pollfd fds[] = {{relay->client_fd, POLLIN, 0}, {relay->server_fd, POLLIN, 0}};
        if (poll(fds, 2, 20) <= 0 || atomic_load(&relay->silent))
            continue;
        if (fds[0].revents != 0)
            relay_pass(relay, relay->client_fd, relay->server_fd);
        if (fds[1].revents != 0)
            relay_pass(relay, relay->server_fd, relay->client_fd);
    }
    return NULL;
}

static inline void relay_open(Relay *relay, const char *url)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    *relay = (Relay){.url = url,
                     .listen_fd = socket(AF_INET, SOCK_STREAM, 0),
                     .dead_client_fd = -1,
                     .dead_server_fd = -1};
    assert_int_equal(bind(relay->listen_fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(relay->listen_fd, 1), 0);
    assert_int_equal(getsockname(relay->listen_fd, (struct sockaddr *)&address, &size), 0);
    relay->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&relay->thread, NULL, relay_run, relay), 0);
}

static inline void relay_close(Relay *relay)
{
    atomic_store(&relay->stop, true);
    pthread_join(relay->thread, NULL);
    const int fds[] = {relay->client_fd, relay->server_fd, relay->dead_client_fd,
                       relay->dead_server_fd, relay->listen_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

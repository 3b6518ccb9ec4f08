/* bench_smtp_sink.c - a mail server for measuring: accepts everything at once, keeps a count.
 *
 *   bench_smtp_sink      prints its port; VRFY is answered with the count; SIGTERM ends it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { CLIENT_COUNT_MAX = 128, LINE_SIZE_MAX = 2048, READ_SIZE = 65536 };

typedef struct Client {
    int fd;
    bool in_message;
    char line[LINE_SIZE_MAX]; /* of a command: what came of it so far */
    size_t line_size;
    size_t end_matched; /* of a message: how much of CRLF.CRLF the last bytes are */
} Client;

static Client clients[CLIENT_COUNT_MAX];
static struct pollfd polled[CLIENT_COUNT_MAX + 1]; /* the last one is the listener */
static uint64_t message_count, byte_count;

static void client_close(Client *client)
{
    close(client->fd);
    *client = (Client){.fd = -1};
}

/* Answers are short: a client that reads none of them is not worth waiting for. */
static void client_answer(Client *client, const char *text)
{
    const size_t size = strlen(text);
    if (write(client->fd, text, size) != (ssize_t)size)
        client_close(client);
}

static void client_accept(int listener)
{
    const int fd = accept(listener, NULL, NULL);
    const int on = 1;
    if (fd < 0)
        return;
    for (size_t i = 0; i < CLIENT_COUNT_MAX; i++) {
        if (clients[i].fd >= 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        clients[i] = (Client){.fd = fd};
        client_answer(&clients[i], "220 bench ESMTP\r\n");
        return;
    }
    close(fd);
}

static bool line_is(const Client *client, const char *verb)
{
    return strncasecmp(client->line, verb, strlen(verb)) == 0;
}

static void client_command(Client *client)
{
    char text[64];
    if (line_is(client, "EHLO")) {
        client_answer(client, "250-bench\r\n250-8BITMIME\r\n250 SIZE 1048576\r\n");
    } else if (line_is(client, "DATA")) {
        client->in_message = true;
        client->end_matched = 2; /* an empty message is a dot alone */
        client_answer(client, "354 go on\r\n");
    } else if (line_is(client, "VRFY")) {
        snprintf(text, sizeof text, "252 %llu %llu\r\n", (unsigned long long)message_count,
                 (unsigned long long)byte_count);
        client_answer(client, text);
    } else if (line_is(client, "QUIT")) {
        client_answer(client, "221 bye\r\n");
        if (client->fd >= 0)
            client_close(client);
    } else {
        client_answer(client, "250 ok\r\n");
    }
}

/* Returns how many bytes were used: all, or up to the message's end. */
static size_t client_take_message(Client *client, const char *bytes, size_t size)
{
    static const char end[] = "\r\n.\r\n";
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == end[client->end_matched])
            client->end_matched++;
        else
            client->end_matched = bytes[i] == '\r' ? 1 : 0;
        if (client->end_matched < sizeof end - 1)
            continue;
        client->in_message = false;
        message_count++;
        byte_count += i + 1;
        client_answer(client, "250 2.0.0 taken\r\n");
        return i + 1;
    }
    byte_count += size;
    return size;
}

static size_t client_take_line(Client *client, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            client->line[client->line_size] = '\0';
            client->line_size = 0;
            client_command(client);
            return i + 1;
        }
        if (client->line_size < LINE_SIZE_MAX - 1)
            client->line[client->line_size++] = bytes[i];
    }
    return size;
}

static void client_read(Client *client)
{
    static char bytes[READ_SIZE];
    const ssize_t got = read(client->fd, bytes, sizeof bytes);
    if (got <= 0) {
        if (got == 0 || errno != EINTR)
            client_close(client);
        return;
    }
    for (size_t used = 0; used < (size_t)got && client->fd >= 0;)
        used += (client->in_message ? client_take_message : client_take_line)(client, bytes + used,
                                                                              (size_t)got - used);
}

static int listener_open(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        perror("bench_smtp_sink: listen");
        exit(1);
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(void)
{
    const int listener = listener_open();
    for (size_t i = 0; i < CLIENT_COUNT_MAX; i++)
        clients[i].fd = -1;
    for (;;) {
        for (size_t i = 0; i < CLIENT_COUNT_MAX; i++)
            polled[i] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
        polled[CLIENT_COUNT_MAX] = (struct pollfd){.fd = listener, .events = POLLIN};
        if (poll(polled, CLIENT_COUNT_MAX + 1, -1) < 0)
            continue;
        for (size_t i = 0; i < CLIENT_COUNT_MAX; i++)
            if (clients[i].fd >= 0 && polled[i].revents != 0)
                client_read(&clients[i]);
        if (polled[CLIENT_COUNT_MAX].revents != 0)
            client_accept(listener);
    }
}

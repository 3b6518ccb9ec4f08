/* bench_sql_record.c - stands between a worker and PostgreSQL and writes down what the worker asks.
 *
 *   bench_sql_record HOST PORT FILE      prints its own port; ends with the worker's connection.
 *
 * FILE receives the messages of the frontend (protocol 3.0) without log-in and farewell, ready for
 * bench_sql.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RELAY_SIZE = 1 << 18, PROTOCOL_3 = 196608 };

/* Takes the frontend's stream apart, whatever pieces it comes in. */
typedef struct Frontend {
    FILE *file;
    bool started;    /* the startup packet has passed: messages have types now */
    uint8_t head[9]; /* type (or none), size, and of a startup packet its code */
    size_t head_size;
    uint32_t left; /* bytes of the message's body that are to come */
    bool kept;     /* of this message */
} Frontend;

static void die(const char *what)
{
    fprintf(stderr, "bench_sql_record: ");
    perror(what);
    exit(1);
}

static uint32_t read_u32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return ntohl(value);
}

/* 'p' answers a question for the password, 'X' takes leave. */
static void frontend_take_head(Frontend *frontend)
{
    const size_t wanted = frontend->started ? 5 : 8;
    if (frontend->head_size < wanted)
        return;
    frontend->head_size = 0;
    if (!frontend->started) {
        frontend->left = read_u32(frontend->head) - 8;
        frontend->kept = false;
        frontend->started = read_u32(frontend->head + 4) == PROTOCOL_3; /* else: asks for TLS */
        return;
    }
    frontend->left = read_u32(frontend->head + 1) - 4;
    frontend->kept = frontend->head[0] != 'p' && frontend->head[0] != 'X';
    if (frontend->kept && fwrite(frontend->head, 1, wanted, frontend->file) != wanted)
        die("write");
}

static void frontend_take(Frontend *frontend, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size;) {
        if (frontend->left == 0) {
            frontend->head[frontend->head_size++] = bytes[i++];
            frontend_take_head(frontend);
            continue;
        }
        const size_t piece = frontend->left < size - i ? frontend->left : size - i;
        if (frontend->kept && fwrite(bytes + i, 1, piece, frontend->file) != piece)
            die("write");
        frontend->left -= (uint32_t)piece;
        i += piece;
    }
}

static void write_all(int fd, const uint8_t *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        const ssize_t count = write(fd, bytes + done, size - done);
        if (count <= 0)
            return; /* the other side is gone: its end is read next */
        done += (size_t)count;
    }
}

static void relay(int client, int server, FILE *file)
{
    static uint8_t bytes[RELAY_SIZE];
    Frontend frontend = {.file = file};
    struct pollfd polled[2] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    for (;;) {
        if (poll(polled, 2, -1) < 0)
            continue;
        for (int i = 0; i < 2; i++) {
            if (polled[i].revents == 0)
                continue;
            const ssize_t size = read(polled[i].fd, bytes, sizeof bytes);
            if (size <= 0)
                return;
            if (i == 0)
                frontend_take(&frontend, bytes, (size_t)size);
            write_all(polled[1 - i].fd, bytes, (size_t)size);
        }
    }
}

static int server_connect(const char *host, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    const int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (fd < 0 || inet_pton(AF_INET, host, &address.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static int listener_open(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        die("listen");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: bench_sql_record HOST PORT FILE\n");
        return 2;
    }
    FILE *file = fopen(argv[3], "wb");
    if (file == NULL)
        die(argv[3]);
    const int client = accept(listener_open(), NULL, NULL), on = 1;
    if (client < 0)
        die("accept");
    const int server = server_connect(argv[1], argv[2]);
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    relay(client, server, file);
    if (fclose(file) != 0)
        die(argv[3]);
    return 0;
}

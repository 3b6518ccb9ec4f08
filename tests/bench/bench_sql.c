/* bench_sql.c - a worker's SQL and nothing else: what PostgreSQL alone allows.
 *
 *   bench_sql URL FILE      URL: the database as it was before; FILE: from bench_sql_record.
 *
 * Sends what the worker sent, byte for byte, each request after the last one's answer, and prints
 * as JSON how long it took, in all and by statement.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { STATEMENT_COUNT_MAX = 128, NAME_SIZE = 64, READ_SIZE = 1 << 18 };

typedef struct Statement {
    char name[NAME_SIZE];
    uint64_t count, byte_count, row_count;
    double seconds;
} Statement;

typedef struct Replay {
    int fd;
    const uint8_t *bytes; /* the file */
    size_t size;
    uint8_t *answer; /* the message of the backend that is being read */
    size_t answer_size, answer_room, answer_used;
    Statement statements[STATEMENT_COUNT_MAX];
    size_t statement_count;
} Replay;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_sql: %s: %s\n", what, why);
    exit(1);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint32_t read_u32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return ntohl(value);
}

static Statement *find_statement(Replay *replay, const char *name)
{
    char shortened[NAME_SIZE];
    snprintf(shortened, sizeof shortened, "%s", name);
    for (size_t i = 0; i < replay->statement_count; i++)
        if (strcmp(replay->statements[i].name, shortened) == 0)
            return &replay->statements[i];
    if (replay->statement_count == STATEMENT_COUNT_MAX)
        return &replay->statements[STATEMENT_COUNT_MAX - 1];
    Statement *statement = &replay->statements[replay->statement_count++];
    memcpy(statement->name, shortened, sizeof shortened);
    return statement;
}

/* One request: messages up to Sync or Query. Returns its size; names what it runs. */
static size_t request_at(Replay *replay, size_t start, Statement **ret_statement)
{
    const char *name = "prepare";
    for (size_t at = start; at + 5 <= replay->size;) {
        const uint8_t type = replay->bytes[at];
        const char *body = (const char *)replay->bytes + at + 5;
        const size_t size = 1 + read_u32(replay->bytes + at + 1);
        if (at + size > replay->size)
            break;
        if (type == 'B')
            name = body + strlen(body) + 1; /* after the portal's name */
        else if (type == 'Q')
            name = body;
        at += size;
        if (type != 'S' && type != 'Q')
            continue;
        *ret_statement = find_statement(replay, name);
        return at - start;
    }
    return 0; /* cut off in the middle: the worker was stopped */
}

static void fill_answer(Replay *replay)
{
    if (replay->answer_used > 0) {
        memmove(replay->answer, replay->answer + replay->answer_used,
                replay->answer_size - replay->answer_used);
        replay->answer_size -= replay->answer_used;
        replay->answer_used = 0;
    }
    if (replay->answer_room - replay->answer_size < READ_SIZE) {
        replay->answer_room = replay->answer_room * 2 + READ_SIZE;
        replay->answer = realloc(replay->answer, replay->answer_room);
        if (replay->answer == NULL)
            die("read", "out of memory");
    }
    const ssize_t size = read(replay->fd, replay->answer + replay->answer_size, READ_SIZE);
    if (size <= 0)
        die("read", "PostgreSQL closed the connection");
    replay->answer_size += (size_t)size;
}

static void take_answer(const uint8_t *message, const Statement *statement, uint64_t *rows)
{
    const uint8_t type = message[0];
    if (type == 'E') { /* fields: a type and a text each; M is the message */
        const char *field = (const char *)message + 5;
        while (*field != '\0' && *field != 'M')
            field += strlen(field) + 1;
        die(statement->name, field);
    }
    if (type == 'C') { /* the last word of the tag counts rows */
        const char *tag = (const char *)message + 5, *last = strrchr(tag, ' ');
        if (last != NULL)
            *rows += strtoull(last, NULL, 10);
    }
}

/* All messages up to "ready for query". */
static void read_answers(Replay *replay, Statement *statement)
{
    for (;;) {
        const uint8_t *message = replay->answer + replay->answer_used;
        const size_t there = replay->answer_size - replay->answer_used;
        if (there < 5 || there < 1 + read_u32(message + 1)) {
            fill_answer(replay);
            continue;
        }
        replay->answer_used += 1 + read_u32(message + 1);
        take_answer(message, statement, &statement->row_count);
        if (message[0] == 'Z')
            return;
    }
}

static void send_request(const Replay *replay, const uint8_t *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        const ssize_t count = write(replay->fd, bytes + done, size - done);
        if (count <= 0)
            die("write", "PostgreSQL closed the connection");
        done += (size_t)count;
    }
}

static void replay_all(Replay *replay)
{
    Statement *statement = NULL;
    for (size_t at = 0, size; (size = request_at(replay, at, &statement)) > 0; at += size) {
        const double start = now_s();
        send_request(replay, replay->bytes + at, size);
        read_answers(replay, statement);
        statement->seconds += now_s() - start;
        statement->byte_count += size;
        statement->count++;
    }
}

static void print_text(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++)
        putchar(*text == '"' || *text == '\\' || *text < ' ' ? ' ' : *text);
    putchar('"');
}

static void print_report(const Replay *replay, double seconds)
{
    printf("{\"seconds\": %.4f, \"statements\": [", seconds);
    for (size_t i = 0; i < replay->statement_count; i++) {
        const Statement *statement = &replay->statements[i];
        printf("%s{\"name\": ", i == 0 ? "" : ", ");
        print_text(statement->name);
        printf(", \"count\": %llu, \"rows\": %llu, \"bytes\": %llu, \"seconds\": %.4f}",
               (unsigned long long)statement->count, (unsigned long long)statement->row_count,
               (unsigned long long)statement->byte_count, statement->seconds);
    }
    printf("]}\n");
}

static void open_file(Replay *replay, const char *path)
{
    struct stat about;
    const int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &about) != 0 || about.st_size == 0)
        die(path, "cannot be read, or is empty");
    replay->size = (size_t)about.st_size;
    replay->bytes = mmap(NULL, replay->size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (replay->bytes == MAP_FAILED)
        die(path, "cannot be mapped");
    close(fd);
}

int main(int argc, char **argv)
{
    static Replay replay;
    if (argc != 3) {
        fprintf(stderr, "usage: bench_sql URL FILE\n");
        return 2;
    }
    open_file(&replay, argv[2]);
    PGconn *connection = PQconnectdb(argv[1]);
    if (PQstatus(connection) != CONNECTION_OK)
        die("connect", PQerrorMessage(connection));
    replay.fd = PQsocket(connection);
    const int flags = fcntl(replay.fd, F_GETFL);
    if (flags < 0 || fcntl(replay.fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
        die("connect", "cannot make the socket blocking");
    const double start = now_s();
    replay_all(&replay);
    print_report(&replay, now_s() - start);
    PQfinish(connection);
    free(replay.answer);
    return 0;
}

/* bench_kafka.c - a worker's Kafka transactions and nothing else: what the broker alone allows.
 *
 *   bench_kafka BROKERS TOPIC_PREFIX GROUP_PREFIX INPUT_TOPIC COUNT BATCH [TOPIC:SIZE:NUMBER]...
 *
 * Consumes COUNT records in batches; each batch publishes, per input record, NUMBER (a fraction)
 * events of SIZE bytes to each TOPIC, and its offsets, in one transaction of common/runtime/kafka.
 */
#include "runtime/kafka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUT_COUNT_MAX = 8, TOPIC_SIZE = 64, POLL_MS = 100, PATIENCE_MS = 30000 };

typedef struct Output {
    char topic[TOPIC_SIZE];
    size_t size;
    double number, owed; /* events per input record; what is not sent of it yet */
} Output;

typedef struct Bench {
    Kafka *kafka;
    Arena arena;
    Batch batch;
    Output outputs[OUTPUT_COUNT_MAX];
    size_t output_count;
    uint64_t event_count, batch_count, byte_count;
    char *filler;
} Bench;

static void must(bool ok, const Error *error)
{
    if (ok)
        return;
    fprintf(stderr, "bench_kafka: %s\n", error->text);
    exit(1);
}

static void add_event(Bench *bench, const Record *record, const Output *output)
{
    Arena *arena = bench->batch.arena;
    const Outcome outcome = {
        .topic = output->topic,
        .key = arena_copy(arena, record->key == NULL ? "" : record->key, record->key_size),
        .type = "cpor.claim.status-changed.v1",
        .id = arena_printf(arena, "6f1c2d3e-8a4b-4c5d-9e6f-%012llx",
                           (unsigned long long)bench->event_count++),
        .subject = "C-2026-000123",
        .at_ms = record->timestamp_ms,
        .body = bench->filler,
        .body_size = output->size,
        .cause = record,
    };
    bench->byte_count += output->size;
    batch_add_outcome(&bench->batch, &outcome);
}

static void handle(Bench *bench)
{
    batch_discard_outcomes(&bench->batch);
    for (size_t i = 0; i < bench->batch.record_count; i++) {
        for (size_t j = 0; j < bench->output_count; j++) {
            Output *output = &bench->outputs[j];
            for (output->owed += output->number; output->owed >= 1; output->owed -= 1)
                add_event(bench, &bench->batch.records[i], output);
        }
    }
}

static void run(Bench *bench, uint64_t count)
{
    Error error = {0};
    uint64_t done = 0;
    int64_t start_mono_ms = 0, heard_mono_ms = clock_mono_now();
    while (done < count) {
        must(kafka_poll(bench->kafka, POLL_MS, &bench->batch, &error), &error);
        if (bench->batch.record_count == 0) {
            error_set(&error, ERROR_FATAL, "no records came for %d ms", PATIENCE_MS);
            must(clock_mono_now() - heard_mono_ms < PATIENCE_MS, &error);
            continue;
        }
        heard_mono_ms = clock_mono_now();
        if (start_mono_ms == 0)
            start_mono_ms = heard_mono_ms;
        handle(bench);
        must(kafka_publish(bench->kafka, &bench->batch, &error), &error);
        done += bench->batch.record_count;
        bench->batch_count++;
        kafka_batch_end(bench->kafka, &bench->batch);
    }
    printf("{\"records\": %llu, \"batches\": %llu, \"events\": %llu, \"bytes\": %llu,"
           " \"seconds\": %.3f}\n",
           (unsigned long long)done, (unsigned long long)bench->batch_count,
           (unsigned long long)bench->event_count, (unsigned long long)bench->byte_count,
           (double)(clock_mono_now() - start_mono_ms) / 1000);
}

static void read_outputs(Bench *bench, char **arguments, int count)
{
    size_t size_max = 1;
    for (int i = 0; i < count && i < OUTPUT_COUNT_MAX; i++) {
        Output *output = &bench->outputs[bench->output_count++];
        if (sscanf(arguments[i], "%63[^:]:%zu:%lf", output->topic, &output->size,
                   &output->number) != 3) {
            fprintf(stderr, "bench_kafka: %s: wants TOPIC:SIZE:NUMBER\n", arguments[i]);
            exit(2);
        }
        if (output->size > size_max)
            size_max = output->size;
    }
    bench->filler = calloc(1, size_max);
    if (bench->filler == NULL)
        exit(1);
    memset(bench->filler, 'x', size_max);
}

int main(int argc, char **argv)
{
    static Bench bench;
    static const Clock real_clock = {0, 0, 1};
    Error error = {0};
    if (argc < 7) {
        fprintf(stderr, "usage: see the head of tests/bench/bench_kafka.c\n");
        return 2;
    }
    const char *input_topics[] = {argv[4], NULL};
    const KafkaSettings settings = {.brokers = argv[1],
                                    .properties_file = "",
                                    .topic_prefix = argv[2],
                                    .group_prefix = argv[3],
                                    .service = "bench",
                                    .instance = "bench",
                                    .input_topics = input_topics,
                                    .batch_count_max = (int)strtol(argv[6], NULL, 10),
                                    .batch_wait_ms = 5,
                                    .batch_size_max = 4194304,
                                    .clock = &real_clock};
    read_outputs(&bench, argv + 7, argc - 7);
    arena_init(&bench.arena);
    bench.batch.arena = &bench.arena;
    must(kafka_open(&settings, &bench.kafka, &error), &error);
    run(&bench, strtoull(argv[5], NULL, 10));
    kafka_release(&bench.kafka);
    arena_deinit(&bench.arena);
    free(bench.filler);
    return 0;
}

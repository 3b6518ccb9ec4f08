/* test_worker_replay.c - the worker's step through a gap, with the Kafka adapter and a real broker:
 * what is handled, published and read again. */
#include "component/kafka_member.h"
#include "runtime/kafka_internal.h"
#include "runtime/worker_internal.h"

enum {
    PER_PARTITION = 11, /* the last of each is behind the gap */
    GAP_END = PER_PARTITION - 1,
    ALL_COUNT = PARTITION_COUNT * PER_PARTITION,
    GAP_COUNT = PARTITION_COUNT * GAP_END,
    TRY_COUNT_MAX = 200,
};

static ReplayPlace places[PARTITION_COUNT];
static bool is_handled[PARTITION_COUNT][PER_PARTITION];
static size_t cut_count; /* a handler that makes much of each record: so many at once */
static bool is_over;     /* the horizon, else when all of the gap was handled */

static size_t handled_count(void)
{
    size_t count = 0;
    for (int i = 0; i < PARTITION_COUNT; i++)
        for (int j = 0; j < PER_PARTITION; j++)
            count += is_handled[i][j];
    return count;
}

/* All of the gap may go; when it is through, so is everything. */
static bool replay_all(Worker *worker, Replay *ret_replay, Error *reterr)
{
    (void)worker;
    (void)reterr;
    *ret_replay = (Replay){places, PARTITION_COUNT, INT64_MAX};
    if (!is_over && handled_count() < GAP_COUNT)
        ret_replay->horizon_at_ms = INT64_MAX - 1;
    return true;
}

static bool handle(Worker *worker, void *state, Batch *batch, Error *reterr)
{
    (void)state;
    (void)reterr;
    batch_cut(batch, cut_count);
    for (size_t i = 0; i < batch->record_count; i++) {
        const Record *record = &batch->records[i];
        const Outcome outcome = {.topic = "out",
                                 .key = "tenant",
                                 .type = "cpor.copied.v1",
                                 .id = arena_printf(worker->batch.arena, "%d/%d", record->partition,
                                                    (int)record->offset),
                                 .body = record->value,
                                 .body_size = record->value_size,
                                 .cause = record};
        batch_add_outcome(batch, &outcome);
        is_handled[record->partition][record->offset] = true;
    }
    return true;
}

static const WorkerSpec spec = {.name = "copier", .handle = handle, .replay = replay_all};

static void worker_begin(Worker *worker, Member *member)
{
    memset(is_handled, 0, sizeof is_handled);
    is_over = false;
    for (int i = 0; i < PARTITION_COUNT; i++)
        places[i] = (ReplayPlace){"in", i, GAP_END, INT64_MAX};
    write_inputs(0, ALL_COUNT);
    member_open(member, "a");
    *worker = (Worker){.spec = &spec, .kafka = member->kafka};
}

static void worker_take(Worker *worker, Member *member)
{
    member_poll(member);
    worker->batch = member->batch;
    worker->replayed_count = 0;
    worker->replayed_mono_ms = clock_mono_now();
}

static void worker_leave(Worker *worker, Member *member)
{
    kafka_batch_end(member->kafka, &worker->batch);
    member->batch = worker->batch;
}

/* As worker.c does, but a try is counted, not timed. Returns: whether all of the batch went out. */
static bool finish_batch(Worker *worker, int *tries)
{
    Error error = {0};
    bool is_back = false;
    while (!is_back) {
        if (++*tries > TRY_COUNT_MAX)
            fail_msg("it does not get on: %zu records handled", handled_count());
        batch_discard_outcomes(&worker->batch);
        if (worker_replay_handle(worker, &error)) {
            must(kafka_publish(worker->kafka, &worker->batch, &error), &error);
            return true;
        }
        assert_int_equal(error.class, ERROR_RETRY);
        assert_true(worker->replay_waits);
        must(worker_replay_put_back(worker, &is_back, &error), &error);
    }
    return false;
}

/* Of what was handled. */
static void assert_only_behind_the_gap(void)
{
    size_t wanted_count = 0;
    judge_read(&judge, topic("out"), PARTITION_COUNT);
    for (int i = 0; i < PARTITION_COUNT; i++) {
        char id[32];
        size_t found = 0;
        snprintf(id, sizeof id, "%d/%d", i, GAP_END);
        for (size_t j = 0; j < judge.count; j++) {
            size_t size;
            const void *value = header_of(judge.messages[j], "ce_id", &size);
            found += size == strlen(id) && memcmp(value, id, size) == 0;
        }
        if (found != is_handled[i][GAP_END])
            fail_msg("the outcome of %s was published %zu times", id, found);
        wanted_count += is_handled[i][GAP_END];
    }
    assert_int_equal(judge.count, wanted_count);
    assert_true(wanted_count > 0);
}

/* A handler that has enough leaves the rest of what may go; tried again from its first record it
 * would have enough at the same place, for ever. */
static void test_cut_piece_gets_on(void **state)
{
    Worker worker;
    Member a;
    int tries = 0;
    (void)state;
    cut_count = 3;
    worker_begin(&worker, &a);
    while (handled_count() < ALL_COUNT) {
        worker_take(&worker, &a);
        (void)finish_batch(&worker, &tries);
        worker_leave(&worker, &a);
    }
    assert_only_behind_the_gap();
    assert_all_committed(ALL_COUNT);
    member_close(&a);
}

/* The answer to the piece's commit did not come, and meanwhile all of the batch may go: that the
 * piece is published does not say so of the batch. */
static void test_piece_is_not_the_batch(void **state)
{
    Worker worker;
    Member a;
    Error error = {0};
    bool is_back = false;
    (void)state;
    cut_count = ALL_COUNT;
    worker_begin(&worker, &a);
    worker_take(&worker, &a);
    assert_false(worker_replay_handle(&worker, &error));
    assert_true(worker.replay_waits);
    worker.replayed_mono_ms = 0; /* nothing has moved for long */
    must(worker_replay_put_back(&worker, &is_back, &error), &error);
    assert_null(rd_kafka_begin_transaction(a.kafka->producer));
    a.kafka->txn = TXN_COMMITTING;

    is_over = true;
    batch_discard_outcomes(&worker.batch);
    must(worker_replay_handle(&worker, &error), &error);
    must(kafka_publish(worker.kafka, &worker.batch, &error), &error);
    worker_leave(&worker, &a);
    assert_only_behind_the_gap();
    member_close(&a);
}

/* To wait for the others is no error, and is not told; that nothing can be put back is one. */
static void test_failed_put_back_is_told(void **state)
{
    Worker worker;
    Member a;
    Error error = {0};
    bool is_back = true;
    (void)state;
    cut_count = ALL_COUNT;
    worker_begin(&worker, &a);
    worker_take(&worker, &a);
    assert_false(worker_replay_handle(&worker, &error));
    assert_true(worker.replay_waits);
    must(worker_replay_put_back(&worker, &is_back, &error), &error);
    assert_false(is_back);
    assert_true(worker.replay_waits);
    worker.replayed_mono_ms = 0;
    a.kafka->batch_lost = true;
    assert_false(worker_replay_put_back(&worker, &is_back, &error));
    assert_int_equal(error.class, ERROR_RETRY);
    assert_false(worker.replay_waits);
    worker_leave(&worker, &a);
    member_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_cut_piece_gets_on, start_installation),
        cmocka_unit_test_setup(test_piece_is_not_the_batch, start_installation),
        cmocka_unit_test_setup(test_failed_put_back_is_told, start_installation),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}

/* settle_chunk.c - a tenant with very many windows at one midnight: memory for a few of them. */
#include "opt_out_expiry.h"
#include "runtime/log.h"

static bool chunk_step(Deciding *deciding, size_t *ret_count, Error *reterr)
{
    Work *work = deciding->work;
    const Event *event = &work->events[0];
    DueKey last;
    if (!work_begin(work, reterr) || !expiry_load_chunk(deciding, event, &last, ret_count, reterr))
        return false;
    if (work_was_handled(work, event) == MEETING_REPLAYED)
        *ret_count = 0; /* over long ago: we are a zombie, or the record is read again */
    if (*ret_count > 0)
        settle(deciding, event, &last);
    return work_save(work, reterr);
}

/* ret_count: lines that were settled; fewer than a chunk has were the last. */
static bool settle_chunk(Expiry *expiry, const Batch *batch, size_t *ret_count, Error *reterr)
{
    Batch chunk = {.records = batch->records, .record_count = 1, .arena = &expiry->chunk_arena};
    Work work;
    Deciding deciding = {.expiry = expiry, .work = &work};
    work_init(&work, &expiry->store, &chunk);
    work.is_chunk = true;
    *ret_count = 0;
    const bool done = work_decode(&work, NULL, reterr) &&
                      (work.event_count == 0 || chunk_step(&deciding, ret_count, reterr));
    if (!done)
        work_rollback(&work);
    arena_reset(&expiry->chunk_arena); /* the outcomes too: the history has them */
    return done;
}

bool settle_in_chunks(Expiry *expiry, const Batch *batch, Error *reterr)
{
    size_t count = SETTLE_CHUNK_LINE_COUNT, total = 0;
    for (; count == SETTLE_CHUNK_LINE_COUNT; total += count)
        if (!settle_chunk(expiry, batch, &count, reterr))
            return false;
    log_write(LOG_INFO, "settled-in-chunks", "partition=%d offset=%lld lines=%zu",
              batch->records[0].partition, (long long)batch->records[0].offset, total);
    return true;
}

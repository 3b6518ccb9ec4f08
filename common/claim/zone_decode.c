/* zone_decode.c - one TZif file (RFC 9636): its transitions since 1970, its footer's until 2100. */
#include "claim/zone_data.h"

#include <stdlib.h>
#include <string.h>

enum { TZIF_HEADER_SIZE = 44, TZIF_TYPE_SIZE = 6, TZIF_TIME_SIZE = 8, TZIF_FOOTER_SIZE = 128 };

typedef struct TzifCounts {
    size_t isut, isstd, leap, time, type, abbreviation;
} TzifCounts;

/* Borrowed pieces of a file's second block, all inside of the file. */
typedef struct TzifBlock {
    TzifCounts counts;
    const uint8_t *times;
    const uint8_t *type_indexes;
    const uint8_t *types;
    const char *abbreviations;
    char footer[TZIF_FOOTER_SIZE];
} TzifBlock;

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t read_i64(const uint8_t *at)
{
    return (int64_t)((uint64_t)read_u32(at) << 32 | read_u32(at + 4));
}

static bool header_read(const uint8_t *data, size_t size, TzifCounts *ret_counts)
{
    if (size < TZIF_HEADER_SIZE || memcmp(data, "TZif", 4) != 0 || data[4] < '2') {
        return false;
    }
    *ret_counts = (TzifCounts){
        .isut = read_u32(data + 20),
        .isstd = read_u32(data + 24),
        .leap = read_u32(data + 28),
        .time = read_u32(data + 32),
        .type = read_u32(data + 36),
        .abbreviation = read_u32(data + 40),
    };
    return true;
}

/* Counts are 32 bits wide, so that these sums cannot overflow 64. */
static size_t block_size(const TzifCounts *counts, size_t time_size)
{
    return counts->time * (time_size + 1) + counts->type * TZIF_TYPE_SIZE + counts->abbreviation +
           counts->leap * (time_size + 4) + counts->isstd + counts->isut;
}

static bool footer_read(const uint8_t *at, size_t size, char ret_footer[TZIF_FOOTER_SIZE])
{
    const uint8_t *end = size >= 2 && at[0] == '\n' ? memchr(at + 1, '\n', size - 1) : NULL;

    if (end == NULL || end - at > TZIF_FOOTER_SIZE) {
        return false;
    }
    size_t text_size = (size_t)(end - at) - 1;
    memcpy(ret_footer, at + 1, text_size);
    ret_footer[text_size] = '\0';
    return true;
}

/* The first block has 32-bit times and is there for old readers: skipped. */
static bool block_read(const uint8_t *data, size_t size, TzifBlock *ret_block)
{
    TzifCounts *counts = &ret_block->counts;

    if (!header_read(data, size, counts)) {
        return false;
    }
    size_t begin = TZIF_HEADER_SIZE + block_size(counts, 4);
    if (begin > size || !header_read(data + begin, size - begin, counts)) {
        return false;
    }
    begin += TZIF_HEADER_SIZE;
    if (block_size(counts, TZIF_TIME_SIZE) > size - begin || counts->leap != 0 ||
        counts->type == 0 || counts->type > ZONE_TYPE_COUNT_MAX ||
        counts->time > ZONE_SHIFT_COUNT_MAX) {
        return false;
    }
    ret_block->times = data + begin;
    ret_block->type_indexes = ret_block->times + counts->time * TZIF_TIME_SIZE;
    ret_block->types = ret_block->type_indexes + counts->time;
    ret_block->abbreviations = (const char *)(ret_block->types + counts->type * TZIF_TYPE_SIZE);
    begin += block_size(counts, TZIF_TIME_SIZE);
    return footer_read(data + begin, size - begin, ret_block->footer);
}

static bool types_fill(const TzifBlock *block, ZoneType *types)
{
    for (size_t i = 0; i < block->counts.type; i++) {
        const uint8_t *at = block->types + i * TZIF_TYPE_SIZE;
        size_t text_index = at[5];
        int64_t offset_s = (int32_t)read_u32(at);
        if (text_index >= block->counts.abbreviation || offset_s > ZONE_OFFSET_S_MAX ||
            offset_s < -ZONE_OFFSET_S_MAX) {
            return false;
        }
        size_t size =
            strnlen(block->abbreviations + text_index, block->counts.abbreviation - text_index);
        size = size < ZONE_ABBREVIATION_SIZE ? size : ZONE_ABBREVIATION_SIZE - 1;
        types[i].offset_s = (int32_t)offset_s;
        memcpy(types[i].abbreviation, block->abbreviations + text_index, size);
        types[i].abbreviation[size] = '\0';
    }
    return true;
}

/* Times must rise. What was before 1970 shrinks to one type that holds since ever. */
static bool shifts_fill(const TzifBlock *block, Zone *zone)
{
    zone->shifts[0] = (ZoneShift){.at_s = INT64_MIN, .type_index = 0};
    zone->shift_count = 1;
    for (size_t i = 0; i < block->counts.time; i++) {
        int64_t at_s = read_i64(block->times + i * TZIF_TIME_SIZE);
        uint16_t type_index = block->type_indexes[i];
        if (type_index >= block->counts.type ||
            (i > 0 && at_s <= read_i64(block->times + (i - 1) * TZIF_TIME_SIZE))) {
            return false;
        }
        if (at_s < 0) {
            zone->shifts[0].type_index = type_index;
        } else {
            zone->shifts[zone->shift_count++] = (ZoneShift){at_s, type_index};
        }
    }
    return true;
}

/* The two types of the rule stand behind those of the file. */
static void rule_write_out(const ZoneRule *rule, size_t type_count, Zone *zone)
{
    uint16_t standard_index = (uint16_t)type_count;
    uint16_t summer_index = (uint16_t)(type_count + 1);
    int64_t last_s = zone->shift_count > 1 ? zone->shifts[zone->shift_count - 1].at_s : -1;

    zone->types[standard_index] = rule->standard;
    zone->types[summer_index] = rule->summer;
    for (int year = 1970; year <= ZONE_RULE_YEAR_LAST; year++) {
        ZoneShift begin = {.type_index = summer_index};
        ZoneShift end = {.type_index = standard_index};
        zone_rule_shifts(rule, year, &begin.at_s, &end.at_s);
        ZoneShift ordered[2] = {begin, end};
        if (end.at_s < begin.at_s) {
            ordered[0] = end;
            ordered[1] = begin;
        }
        for (size_t i = 0; i < 2; i++) {
            if (ordered[i].at_s > last_s) {
                zone->shifts[zone->shift_count++] = ordered[i];
            }
        }
    }
}

/* An empty footer says that nothing is known of later times: the last type goes on. */
static bool footer_apply(const TzifBlock *block, Zone *zone)
{
    ZoneRule rule;

    if (block->footer[0] == '\0') {
        return true;
    }
    if (!zone_rule_parse(block->footer, &rule)) {
        return false;
    }
    if (rule.has_summer) {
        rule_write_out(&rule, block->counts.type, zone);
    } else if (zone->shift_count == 1) { /* no transition since 1970: the rule holds */
        zone->types[block->counts.type] = rule.standard;
        zone->shifts[0].type_index = (uint16_t)block->counts.type;
    }
    return true;
}

static void shifts_shrink(Zone *zone)
{
    ZoneShift *shifts = realloc(zone->shifts, zone->shift_count * sizeof *shifts);

    if (shifts != NULL) {
        zone->shifts = shifts;
    }
}

bool zone_decode(const uint8_t *data, size_t size, Zone *zone, Error *reterr)
{
    TzifBlock block = {.times = NULL};

    if (!block_read(data, size, &block)) {
        return error_set(reterr, ERROR_FATAL, "read time zone %s: not a TZif file of version 2+",
                         zone->name);
    }
    zone->types = calloc(block.counts.type + 2, sizeof *zone->types);
    zone->shifts = calloc(1 + block.counts.time + ZONE_RULE_SHIFT_COUNT_MAX, sizeof *zone->shifts);
    if (zone->types == NULL || zone->shifts == NULL) {
        return error_set(reterr, ERROR_FATAL, "read time zone %s: out of memory", zone->name);
    }
    if (!types_fill(&block, zone->types) || !shifts_fill(&block, zone) ||
        !footer_apply(&block, zone)) {
        return error_set(reterr, ERROR_FATAL, "read time zone %s: damaged TZif file", zone->name);
    }
    shifts_shrink(zone);
    return true;
}

void zone_deinit(Zone *zone)
{
    free(zone->types);
    free(zone->shifts);
    zone->types = NULL;
    zone->shifts = NULL;
}

/* zone_data.h - how zones are kept; for zone*.c only. */
#pragma once

#include "claim/zone.h"

enum {
    ZONE_TYPE_COUNT_MAX = 256,
    ZONE_SHIFT_COUNT_MAX = 4096,
    ZONE_RULE_YEAR_LAST = 2100,    /* the footer's rule is written out until then */
    ZONE_OFFSET_S_MAX = 26 * 3600, /* RFC 9636, 3.2: offsets stay within -25..+26 h */
    ZONE_RULE_SHIFT_COUNT_MAX = 2 * (ZONE_RULE_YEAR_LAST - 1970 + 1),
    SECONDS_PER_DAY = 86400,
};

typedef struct ZoneType {
    int32_t offset_s;
    char abbreviation[ZONE_ABBREVIATION_SIZE];
} ZoneType;

/* From at_s on the type holds, until the next shift. The first one has at_s = INT64_MIN. */
typedef struct ZoneShift {
    int64_t at_s;
    uint16_t type_index;
} ZoneShift;

/* Owns its arrays. */
struct Zone {
    char name[ZONE_NAME_SIZE];
    ZoneType *types;
    ZoneShift *shifts;
    size_t shift_count;
};

/* Owns its zones; ordered by name. */
struct ZoneSet {
    Zone *zones;
    size_t count;
};

/* One date of a rule: Mm.w.d, Jn (1..365, no leap day) or n (0..365). */
typedef struct ZoneRuleDate {
    enum { ZONE_DATE_MONTH, ZONE_DATE_JULIAN, ZONE_DATE_DAY } form;
    int month, week, weekday;
    int day;
    int32_t time_s; /* local, may be negative or above 24 h */
} ZoneRuleDate;

/* The footer of a TZif file: what holds after its last transition. */
typedef struct ZoneRule {
    ZoneType standard, summer;
    ZoneRuleDate start, end; /* of summer time */
    bool has_summer;
} ZoneRule;

/* zone_rule_parse - read "EET-2EEST,M4.5.5/0,M10.5.4/24"; false when it is none. Pure. */
MUST_CHECK bool zone_rule_parse(const char *text, ZoneRule *ret_rule);

/* zone_rule_shifts - the instants of one year at which summer time starts and ends (UTC). Pure. */
void zone_rule_shifts(const ZoneRule *rule, int year, int64_t *ret_start_s, int64_t *ret_end_s);

/* zone_decode - read one TZif file into zone, whose name is set already. Owns: zone_deinit. */
MUST_CHECK bool zone_decode(const uint8_t *data, size_t size, Zone *zone, Error *reterr);

/* zone_deinit - free the arrays of a zone, also of one half decoded. */
void zone_deinit(Zone *zone);

/* zone_weekday - 0 = Sunday. Pure. */
int zone_weekday(int64_t day);

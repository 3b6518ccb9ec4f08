/* claim_row.h - a claim as a row of the table claims: one table of columns, all SQL from it. */
#pragma once

#include "store/store.h"

enum { CLAIM_COLUMN_COUNT_MAX = 40 };

extern const size_t claim_column_count;

/* SQL made once from the table of columns; lives for ever. */
const DbStatement *claim_select_statement(void); /* $1 uuid[], $2 text[]; locks in key order */
const DbStatement *claim_insert_statement(void); /* a column each; returns a row per insert */
const DbStatement *claim_update_statement(void); /* likewise, where version is the one before */

/* claim_row_read - a row of claim_select_statement. Errors: FATAL  a row we did not write. */
MUST_CHECK bool claim_row_read(const DbResult *result, size_t row, Arena *arena, Entry *entry,
                               Error *reterr);

/* claim_row_write - append one claim to the parameters, a DbColumn per column. */
void claim_row_write(const Entry *entry, Arena *arena, DbColumn *columns);

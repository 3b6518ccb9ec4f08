/* document_file.h - claim documents out of a file, one after the other, in bounded memory: one
 * document, several behind each other, an array of them, or one per line (JSON Lines). */
#pragma once

#include "runtime/error.h"

#include <stddef.h>
#include <stdint.h>

/* Borrowed from the file until the next call. */
typedef struct DocumentText {
    const char *text;  /* as it stands in the file, not yet looked at; NUL-terminated */
    size_t size;       /* of text */
    size_t line;       /* where it begins, from 1 */
    const char *fault; /* NULL, or why this place of the file holds no document; static */
} DocumentText;

typedef struct DocumentFile DocumentFile;

/*
 * document_file_open - look at how the file begins, and so what it is.
 *
 * In:      path  "-": standard input. What cannot be read twice (a pipe) is copied to a temporary
 *                file (TMPDIR) first, which has no name.
 * Errors:  FATAL  it cannot be opened, read or copied.
 */
MUST_CHECK bool document_file_open(const char *path, DocumentFile **ret_file, Error *reterr);
void document_file_release(DocumentFile **place);

/* document_file_next - Out: ret_found  false at the end. Errors: FATAL  it cannot be read. */
MUST_CHECK bool document_file_next(DocumentFile *file, DocumentText *ret_document, bool *ret_found,
                                   Error *reterr);

/* document_file_rewind - from the start again. Errors: FATAL  it cannot be read. */
MUST_CHECK bool document_file_rewind(DocumentFile *file, Error *reterr);

/* document_file_size / document_file_position - bytes in all, and handed out so far. */
uint64_t document_file_size(const DocumentFile *file);
uint64_t document_file_position(const DocumentFile *file);

/* document_file_name - for messages: the path, or "standard input". */
const char *document_file_name(const DocumentFile *file);

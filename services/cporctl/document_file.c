/* document_file.c - see document_file.h. */
#include "document_file.h"

#include "claim/strict_json.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_SIZE = 64 * 1024, END = EOF };

typedef enum Shape {
    SHAPE_LINES,  /* a document per line */
    SHAPE_VALUES, /* documents behind each other, each over as many lines as it likes */
    SHAPE_ARRAY,
} Shape;

/* Between which two things of an array the reader stands. */
typedef enum ArrayPlace { ARRAY_BEGIN, ARRAY_BEHIND_COMMA, ARRAY_BEHIND_VALUE, ARRAY_END } Place;

struct DocumentFile {
    const char *name; /* borrowed */
    FILE *stream;
    Shape shape;
    Place place;
    uint64_t size, position;
    size_t line; /* of the next character */
    size_t text_size;
    bool too_large; /* more came than text holds */
    char *text;     /* the document in hand: EVENT_SIZE_MAX + 1 bytes; NULL before the first */
};

static const char too_large[] = "larger than the 256 KiB that an event may have";

/* ---- characters ---- */

static int next_character(DocumentFile *file)
{
    const int c = getc_unlocked(file->stream);
    file->position += c != END;
    file->line += c == '\n';
    return c;
}

static void put_back(DocumentFile *file, int c)
{
    if (c == END)
        return;
    ungetc(c, file->stream);
    file->position--;
    file->line -= c == '\n';
}

static bool is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The first that is no space, and taken. */
static int skip_spaces(DocumentFile *file)
{
    int c;
    do
        c = next_character(file);
    while (is_space(c));
    return c;
}

static bool text_begin(DocumentFile *file, Error *reterr)
{
    if (file->text == NULL)
        file->text = malloc(EVENT_SIZE_MAX + 1);
    file->text_size = 0;
    file->too_large = false;
    return file->text != NULL ||
           error_set(reterr, ERROR_FATAL, "read %s: out of memory", file->name);
}

/* Many files may be open at once, but only one is read. */
static void text_release(DocumentFile *file)
{
    free(file->text);
    file->text = NULL;
}

static void text_add(DocumentFile *file, int c)
{
    if (file->text_size < EVENT_SIZE_MAX)
        file->text[file->text_size++] = (char)c;
    else
        file->too_large = true;
}

static void text_end(DocumentFile *file, DocumentText *document)
{
    while (file->text_size > 0 && is_space(file->text[file->text_size - 1]))
        file->text_size--;
    file->text[file->text_size] = '\0';
    document->text = file->text;
    document->size = file->text_size;
    if (file->too_large && document->fault == NULL)
        document->fault = too_large;
}

/* ---- documents ---- */

/* The rest of the line, whatever it is. */
static void take_line(DocumentFile *file, int c)
{
    for (; c != END && c != '\n'; c = next_character(file))
        text_add(file, c);
}

/* The rest of a string, its end too; false where the file ends before. */
static bool take_string(DocumentFile *file)
{
    for (int c = next_character(file); c != END; c = next_character(file)) {
        text_add(file, c);
        if (c == '"')
            return true;
        if (c == '\\' && (c = next_character(file)) != END)
            text_add(file, c);
    }
    return false;
}

/* From a bracket to the one that closes it; which it is, the decoder looks at. */
static bool take_brackets(DocumentFile *file, int c)
{
    size_t depth = 0;
    for (; c != END; c = next_character(file)) {
        text_add(file, c);
        if (c == '"' && !take_string(file))
            return false;
        depth += c == '{' || c == '[';
        depth -= (c == '}' || c == ']') && depth > 0;
        if (depth == 0)
            return true;
    }
    return false;
}

static void take_value(DocumentFile *file, int c, DocumentText *document)
{
    if (c != '{' && c != '[')
        take_line(file, c);
    else if (!take_brackets(file, c))
        document->fault = "the file ends within it";
}

/* Something in an array that is no object ends at the next comma or line. */
static void take_scrap(DocumentFile *file, int c)
{
    for (; c != END && c != '\n' && c != ',' && c != ']'; c = next_character(file))
        text_add(file, c);
    put_back(file, c);
}

/* What stands behind the last element. Returns: whether there is a fault to tell. */
static bool array_finish(DocumentFile *file, int c, DocumentText *document)
{
    const bool was_closed = file->place == ARRAY_END;
    file->place = ARRAY_END;
    if (c == END) {
        document->fault = was_closed ? NULL : "the array is not closed";
        return !was_closed;
    }
    document->fault = "something follows the array";
    while (next_character(file) != END)
        ;
    return true;
}

static bool array_next(DocumentFile *file, DocumentText *document)
{
    int c = skip_spaces(file);
    document->line = file->line;
    if (file->place == ARRAY_BEHIND_VALUE && c == ',') {
        file->place = ARRAY_BEHIND_COMMA;
        c = skip_spaces(file);
    } else if (file->place == ARRAY_BEHIND_VALUE && c != ']' && c != END) {
        document->fault = "a comma is missing before it";
    }
    if (file->place != ARRAY_END && c == ']') {
        const bool has_comma = file->place == ARRAY_BEHIND_COMMA;
        file->place = ARRAY_END;
        document->fault = has_comma ? "a comma stands before the array's end" : NULL;
        if (has_comma)
            return true;
        c = skip_spaces(file);
    }
    document->line = file->line;
    if (file->place == ARRAY_END || c == END)
        return array_finish(file, c, document);
    file->place = ARRAY_BEHIND_VALUE;
    if (c == '{' || c == '[')
        take_value(file, c, document);
    else
        take_scrap(file, c);
    return true;
}

bool document_file_next(DocumentFile *file, DocumentText *ret_document, bool *ret_found,
                        Error *reterr)
{
    DocumentText document = {.fault = NULL};
    if (!text_begin(file, reterr))
        return false;
    if (file->shape == SHAPE_ARRAY) {
        *ret_found = array_next(file, &document);
    } else {
        const int c = skip_spaces(file);
        document.line = file->line;
        *ret_found = c != END;
        if (file->shape == SHAPE_LINES)
            take_line(file, c);
        else if (c != END)
            take_value(file, c, &document);
    }
    text_end(file, &document);
    *ret_document = document;
    return !ferror(file->stream) ||
           error_set(reterr, ERROR_FATAL, "read %s: %m", document_file_name(file));
}

/* ---- files ---- */

/* A document may begin its first line or be its first line: the second line tells. */
static Shape shape_find(DocumentFile *file)
{
    int c = skip_spaces(file);
    if (c == '[')
        return SHAPE_ARRAY;
    if (c != '{')
        return SHAPE_LINES;
    const size_t line = file->line;
    take_line(file, c);
    file->text[file->text_size] = '\0';
    JSON_AUTO root = json_loads(file->text, 0, NULL);
    if (root != NULL || file->line == line)
        return SHAPE_LINES;
    c = skip_spaces(file);
    return c == '{' ? SHAPE_LINES : SHAPE_VALUES; /* no document has '{' behind its first line */
}

/* What some editors put in front of a file says nothing. */
static void skip_byte_order_mark(DocumentFile *file)
{
    char mark[3];
    if (fread(mark, 1, sizeof mark, file->stream) == sizeof mark &&
        memcmp(mark, "\xef\xbb\xbf", sizeof mark) == 0)
        file->position = sizeof mark;
    else
        rewind(file->stream);
}

bool document_file_rewind(DocumentFile *file, Error *reterr)
{
    if (fseeko(file->stream, 0, SEEK_SET) != 0)
        return error_set(reterr, ERROR_FATAL, "read %s again: %m", document_file_name(file));
    text_release(file);
    file->position = 0;
    file->line = 1;
    file->place = ARRAY_BEGIN;
    skip_byte_order_mark(file);
    if (file->shape == SHAPE_ARRAY)
        (void)!skip_spaces(file); /* its bracket */
    return true;
}

static bool copy_all(FILE *from, FILE *to)
{
    char block[COPY_SIZE];
    size_t size;
    while ((size = fread(block, 1, sizeof block, from)) > 0)
        if (fwrite(block, 1, size, to) != size)
            return false;
    return !ferror(from) && fflush(to) == 0;
}

static FILE *temporary_open(void)
{
    char path[4096];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/cporctl-XXXXXX",
             folder == NULL || *folder == '\0' ? "/tmp" : folder);
    const int descriptor = mkostemp(path, O_CLOEXEC);
    if (descriptor < 0)
        return NULL;
    unlink(path);
    FILE *stream = fdopen(descriptor, "w+");
    if (stream == NULL)
        close(descriptor);
    return stream;
}

/* A pipe gives its bytes once. */
static bool file_spool(DocumentFile *file, Error *reterr)
{
    FILE *copy = temporary_open();
    if (copy == NULL)
        return error_set(reterr, ERROR_FATAL, "make a temporary file: %m (TMPDIR says where)");
    const bool done = copy_all(file->stream, copy);
    if (file->stream != stdin)
        fclose(file->stream);
    file->stream = copy;
    return done || error_set(reterr, ERROR_FATAL,
                             "copy %s to a temporary file: %m (TMPDIR says "
                             "where)",
                             file->name);
}

static bool file_measure(DocumentFile *file, Error *reterr)
{
    struct stat facts;
    if (fstat(fileno(file->stream), &facts) != 0)
        return error_set(reterr, ERROR_FATAL, "read %s: %m", file->name);
    if (S_ISDIR(facts.st_mode))
        return error_set(reterr, ERROR_FATAL, "read %s: it is a folder", file->name);
    if (S_ISREG(facts.st_mode)) {
        file->size = (uint64_t)facts.st_size;
        return true;
    }
    if (!file_spool(file, reterr))
        return false;
    file->size = (uint64_t)ftello(file->stream);
    return true;
}

bool document_file_open(const char *path, DocumentFile **ret_file, Error *reterr)
{
    const bool is_input = strcmp(path, "-") == 0;
    DocumentFile *file = calloc(1, sizeof *file);
    if (file == NULL)
        return error_set(reterr, ERROR_FATAL, "open %s: out of memory", path);
    file->name = is_input ? "standard input" : path;
    file->stream = is_input ? stdin : fopen(path, "re");
    bool done = file->stream != NULL || error_set(reterr, ERROR_FATAL, "open %s: %m", path);
    done = done && file_measure(file, reterr) && document_file_rewind(file, reterr);
    done = done && text_begin(file, reterr);
    if (done) {
        file->shape = shape_find(file);
        text_release(file);
        done = document_file_rewind(file, reterr);
    }
    if (!done)
        document_file_release(&file);
    *ret_file = file;
    return done;
}

void document_file_release(DocumentFile **place)
{
    DocumentFile *file = *place;
    if (file == NULL)
        return;
    if (file->stream != NULL && file->stream != stdin)
        fclose(file->stream);
    text_release(file);
    free(file);
    *place = NULL;
}

uint64_t document_file_size(const DocumentFile *file)
{
    return file->size;
}

uint64_t document_file_position(const DocumentFile *file)
{
    return file->position;
}

const char *document_file_name(const DocumentFile *file)
{
    return file->name;
}

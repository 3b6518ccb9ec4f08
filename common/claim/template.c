/* template.c - reading a template: file, tags, nodes, and every mistake an editor can make. */
#include "claim/template_internal.h"

#include "claim/claim_file.h"
#include "claim/text_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_SIZE_MAX = 64, LIST_TEXT_SIZE = 320 };

/* What a parse knows besides the template. */
typedef struct Parse {
    Template *template;
    size_t open[TEMPLATE_DEPTH_MAX];
    size_t depth;
    Error *reterr;
} Parse;

/* Editors on Windows end lines with CR LF. */
static size_t drop_returns(char *text, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '\r' || text[i + 1] != '\n')
            text[kept++] = text[i];
    }
    text[kept] = '\0';
    return kept;
}

static bool source_read(const char *folder, Template *template, Error *reterr)
{
    size_t size = 0;
    if (!claim_file_read(folder, template->file_name, TEMPLATE_SIZE_MAX, &template->source, &size,
                         reterr))
        return false;
    size = drop_returns(template->source, size);
    if (text_is_message(template->source, size, 1, TEMPLATE_SIZE_MAX))
        return true;
    return error_set(reterr, ERROR_FATAL,
                     "read template %s: empty, not UTF-8, or control characters in it",
                     template->file_name);
}

static size_t line_number(const Parse *parse, const char *at)
{
    size_t number = 1;
    for (const char *c = parse->template->source; c < at; c++)
        number += *c == '\n';
    return number;
}

static bool refuse(const Parse *parse, const char *at, const char *tag, const char *cause)
{
    return error_set(parse->reterr, ERROR_FATAL, "read template %s: line %zu, {{%.*s}}: %s",
                     parse->template->file_name, line_number(parse, at), TAG_SIZE_MAX, tag, cause);
}

static bool refuse_unknown(const Parse *parse, const char *at, const char *tag)
{
    char cause[LIST_TEXT_SIZE] = "unknown; allowed:";
    for (const TemplateName *name = parse->template->names; name->name != NULL; name++) {
        const size_t size = strlen(cause);
        snprintf(cause + size, sizeof cause - size, " %s", name->name);
    }
    return refuse(parse, at, tag, cause);
}

static bool node_add(Parse *parse, Node node)
{
    Template *template = parse->template;
    if (node.kind == NODE_LITERAL && node.size == 0)
        return true;
    if (template->node_count == template->node_room) {
        const size_t room = template->node_room * 2 + 32;
        Node *nodes = realloc(template->nodes, room * sizeof *nodes);
        if (nodes == NULL)
            return error_set(parse->reterr, ERROR_FATAL, "read template: out of memory");
        template->nodes = nodes;
        template->node_room = room;
    }
    template->nodes[template->node_count++] = node;
    return true;
}

static bool name_find(const Template *template, const char *text, size_t *ret_index)
{
    for (size_t i = 0; template->names[i].name != NULL; i++) {
        if (strcmp(template->names[i].name, text) == 0) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

/* The list that an item belongs to: the nearest one before it. */
static size_t list_of_item(const TemplateName *names, size_t item_index)
{
    size_t i = item_index;
    while (names[i].kind != TEMPLATE_LIST)
        i--;
    return i;
}

static bool is_inside(const Parse *parse, size_t list_index)
{
    for (size_t i = 0; i < parse->depth; i++) {
        const Node *node = &parse->template->nodes[parse->open[i]];
        if (node->kind == NODE_WITH && node->name_index == list_index)
            return true;
    }
    return false;
}

static bool section_begin(Parse *parse, const char *at, const char *tag, Node node)
{
    const TemplateKind kind = parse->template->names[node.name_index].kind;
    if (parse->depth == TEMPLATE_DEPTH_MAX)
        return refuse(parse, at, tag, "too many sections in sections");
    if (kind == TEMPLATE_LIST && is_inside(parse, node.name_index))
        return refuse(parse, at, tag, "inside itself");
    parse->open[parse->depth++] = parse->template->node_count;
    return node_add(parse, node);
}

static bool section_end(Parse *parse, const char *at, const char *tag, Node node)
{
    Template *template = parse->template;
    if (parse->depth == 0 ||
        template->nodes[parse->open[parse->depth - 1]].name_index != node.name_index)
        return refuse(parse, at, tag, "does not close the section that is open");
    template->nodes[parse->open[--parse->depth]].end_index = template->node_count;
    return node_add(parse, node);
}

static NodeKind tag_kind(char sign)
{
    return sign == '#'   ? NODE_WITH
           : sign == '^' ? NODE_WITHOUT
           : sign == '/' ? NODE_END
                         : NODE_VALUE;
}

static bool tag_add(Parse *parse, const char *at, const char *tag)
{
    Node node = {.kind = tag_kind(tag[0])};
    const TemplateName *names = parse->template->names;
    if (!name_find(parse->template, tag + (node.kind == NODE_VALUE ? 0 : 1), &node.name_index))
        return refuse_unknown(parse, at, tag);
    const TemplateKind kind = names[node.name_index].kind;
    if (kind == TEMPLATE_ITEM && !is_inside(parse, list_of_item(names, node.name_index)))
        return refuse(parse, at, tag, "only inside the section of its list");
    if (node.kind == NODE_VALUE && (kind == TEMPLATE_FLAG || kind == TEMPLATE_LIST))
        return refuse(parse, at, tag, "is a section: write {{#…}} and {{/…}}");
    if (node.kind == NODE_VALUE)
        return node_add(parse, node);
    return node.kind == NODE_END ? section_end(parse, at, tag, node)
                                 : section_begin(parse, at, tag, node);
}

static const char *blanks_before(const char *source, const char *at)
{
    while (at > source && (at[-1] == ' ' || at[-1] == '\t'))
        at--;
    return at;
}

/* A section's tag alone in its line: the literal before ends at the line's begin, the one after
 * starts at the next line. */
static void trim_own_line(const char *source, char sign, const char **literal_end,
                          const char **next)
{
    if (tag_kind(sign) == NODE_VALUE)
        return;
    const char *begin = blanks_before(source, *literal_end);
    const char *end = *next + strspn(*next, " \t");
    if ((begin != source && begin[-1] != '\n') || (*end != '\n' && *end != '\0'))
        return;
    *literal_end = begin;
    *next = end + (*end == '\n' ? 1 : 0);
}

static bool parse_source(Parse *parse)
{
    const char *source = parse->template->source;
    const char *rest = source;
    for (const char *at; (at = strstr(rest, "{{")) != NULL;) {
        const char *close = strstr(at, "}}");
        const size_t size = close == NULL ? 0 : (size_t)(close - at - 2);
        if (size == 0 || size >= TAG_SIZE_MAX)
            return refuse(parse, at, "", "no name, or not closed by }}");
        char tag[TAG_SIZE_MAX] = "";
        memcpy(tag, at + 2, size);
        const char *literal_end = at, *next = close + 2;
        trim_own_line(source, tag[0], &literal_end, &next);
        const size_t literal_size = literal_end > rest ? (size_t)(literal_end - rest) : 0;
        if (!node_add(parse, (Node){.text = rest, .size = literal_size}) ||
            !tag_add(parse, at, tag))
            return false;
        rest = next;
    }
    if (parse->depth > 0) {
        const Node *open = &parse->template->nodes[parse->open[parse->depth - 1]];
        return refuse(parse, rest + strlen(rest), parse->template->names[open->name_index].name,
                      "the section is not closed");
    }
    return node_add(parse, (Node){.text = rest, .size = strlen(rest)});
}

static bool template_says(const Template *template, size_t name_index)
{
    for (size_t i = 0; i < template->node_count; i++) {
        if (template->nodes[i].kind != NODE_LITERAL && template->nodes[i].name_index == name_index)
            return true;
    }
    return false;
}

bool template_check_required(const Template *template, Error *reterr)
{
    const TemplateName *names = template->names;
    for (size_t i = 0; names[i].name != NULL; i++) {
        const bool is_section = names[i].kind == TEMPLATE_FLAG || names[i].kind == TEMPLATE_LIST;
        if (names[i].is_required && !template_says(template, i))
            return error_set(reterr, ERROR_FATAL, "read template %s: {{%s%s}} must be in it",
                             template->file_name, is_section ? "#" : "", names[i].name);
    }
    return true;
}

/* The text to look for: of a list's item, that of the first row. */
static const char *check_text(const Template *template, const TemplateValue *values, size_t i)
{
    const TemplateName *names = template->names;
    if (!names[i].is_required)
        return NULL;
    if (names[i].kind != TEMPLATE_ITEM)
        return values[i].text;
    const size_t list_index = list_of_item(names, i);
    const TemplateValue *list = &values[list_index];
    return list->row_count == 0 ? NULL : list->cells[i - list_index - 1];
}

bool template_check_says(const Template *template, const TemplateValue *values, const char *where,
                         Error *reterr)
{
    Arena arena __attribute__((cleanup(arena_deinit)));
    JsonWriter writer;
    arena_init(&arena);
    writer_init(&writer, &arena, 0);
    template_render(template, TEMPLATE_PLAIN, values, &writer);
    const char *shown = writer_finish(&writer, NULL);
    for (size_t i = 0; template->names[i].name != NULL; i++) {
        const char *text = check_text(template, values, i);
        if (text != NULL && strstr(shown, text) == NULL)
            return error_set(reterr, ERROR_FATAL, "read template %s: {{%s}} must be in it, %s",
                             template->file_name, template->names[i].name, where);
    }
    return true;
}

bool template_open(const char *folder, const char *file_name, const TemplateName *names,
                   Template **ret_template, Error *reterr)
{
    Template *made __attribute__((cleanup(template_release))) = calloc(1, sizeof *made);
    if (made == NULL)
        return error_set(reterr, ERROR_FATAL, "read template: out of memory");
    made->names = names;
    snprintf(made->file_name, sizeof made->file_name, "%s", file_name);
    Parse parse = {.template = made, .reterr = reterr};
    if (!source_read(folder, made, reterr) || !parse_source(&parse))
        return false;
    *ret_template = made;
    made = NULL;
    return true;
}

void template_release(Template **template)
{
    if (*template == NULL)
        return;
    free((*template)->source);
    free((*template)->nodes);
    free(*template);
    *template = NULL;
}

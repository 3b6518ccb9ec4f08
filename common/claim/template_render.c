/* template_render.c - a template and its values become text. */
#include "claim/template_internal.h"

#include <string.h>

typedef struct Render {
    const Template *template;
    TemplateForm form;
    const TemplateValue *values;
    JsonWriter *text;
    size_t list_index, row; /* of the list whose rows are being written */
} Render;

static const char *html_entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static void put_html(JsonWriter *text, const char *value)
{
    const char *done = value; /* what needs no escape goes out in runs */
    for (const char *c = value; *c != '\0'; c++) {
        const char *entity = html_entity(*c);
        if (entity == NULL)
            continue;
        writer_append(text, done, (size_t)(c - done));
        writer_append(text, entity, strlen(entity));
        done = c + 1;
    }
    writer_append(text, done, strlen(done));
}

static size_t item_count(const TemplateName *names, size_t list_index)
{
    size_t count = 0;
    while (names[list_index + 1 + count].name != NULL &&
           names[list_index + 1 + count].kind == TEMPLATE_ITEM)
        count++;
    return count;
}

static const char *value_text(const Render *render, size_t name_index)
{
    const TemplateName *names = render->template->names;
    const char *text = NULL;
    if (names[name_index].kind == TEMPLATE_ITEM) {
        const size_t columns = item_count(names, render->list_index);
        const size_t column = name_index - render->list_index - 1;
        text = render->values[render->list_index].cells[render->row * columns + column];
    } else {
        text = render->values[name_index].text;
    }
    return text == NULL ? "" : text;
}

static bool value_is_there(const Render *render, size_t name_index)
{
    const TemplateValue *value = &render->values[name_index];
    switch (render->template->names[name_index].kind) {
    case TEMPLATE_FLAG:
        return value->flag;
    case TEMPLATE_LIST:
        return value->row_count > 0;
    case TEMPLATE_TEXT:
    case TEMPLATE_ITEM:
        break;
    }
    return value_text(render, name_index)[0] != '\0';
}

static void put_value(const Render *render, size_t name_index)
{
    const char *value = value_text(render, name_index);
    if (render->form == TEMPLATE_HTML)
        put_html(render->text, value);
    else
        writer_append(render->text, value, strlen(value));
}

static void render_range(Render render, size_t first, size_t end);

/* By value: what a section changes ends with it. Depth is bounded by TEMPLATE_DEPTH_MAX. */
static void render_section(Render render, const Node *node, size_t first)
{
    const bool is_there = value_is_there(&render, node->name_index);
    if (is_there != (node->kind == NODE_WITH))
        return;
    const bool repeats = is_there && render.template->names[node->name_index].kind == TEMPLATE_LIST;
    if (!repeats) {
        render_range(render, first, node->end_index);
        return;
    }
    render.list_index = node->name_index;
    for (render.row = 0; render.row < render.values[node->name_index].row_count; render.row++)
        render_range(render, first, node->end_index);
}

static void render_range(Render render, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        const Node *node = &render.template->nodes[i];
        switch (node->kind) {
        case NODE_LITERAL:
            writer_append(render.text, node->text, node->size);
            break;
        case NODE_VALUE:
            put_value(&render, node->name_index);
            break;
        case NODE_WITH:
        case NODE_WITHOUT:
            render_section(render, node, i + 1);
            i = node->end_index;
            break;
        case NODE_END:
            break;
        }
    }
}

void template_render(const Template *template, TemplateForm form, const TemplateValue *values,
                     JsonWriter *text)
{
    const Render render = {.template = template, .form = form, .values = values, .text = text};
    render_range(render, 0, template->node_count);
}

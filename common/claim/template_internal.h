/* template_internal.h - a template as a flat array: a section's opening knows where it ends. */
#pragma once

#include "claim/template.h"

enum { TEMPLATE_FILE_NAME_SIZE = 80 };

typedef enum NodeKind {
    NODE_LITERAL, /* text of the file */
    NODE_VALUE,
    NODE_WITH,    /* {{#name}} */
    NODE_WITHOUT, /* {{^name}} */
    NODE_END,     /* {{/name}} */
} NodeKind;

typedef struct Node {
    NodeKind kind;
    size_t name_index;
    size_t end_index; /* WITH, WITHOUT: of its NODE_END */
    const char *text; /* LITERAL; borrowed from the template's source */
    size_t size;
} Node;

struct Template {
    const TemplateName *names;
    char file_name[TEMPLATE_FILE_NAME_SIZE]; /* for errors; cut */
    char *source;
    Node *nodes;
    size_t node_count, node_room;
};

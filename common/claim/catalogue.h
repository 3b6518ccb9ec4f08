/* catalogue.h - workloads and products: data that an operator can edit. */
#pragma once

#include "claim/claim.h"
#include "claim/codes.h"

typedef struct Product {
    char code[PRODUCT_CODE_SIZE];
    char name[128];
    SolutionArea solution_area;
    bool dynamics;
    int32_t valid_from, valid_to; /* days since 1970, both included; DAY_NONE = open */
} Product;

typedef struct Catalogue Catalogue;

/*
 * catalogue_open - read products.json: an array of {code, name, solution_area, dynamics,
 * valid_from?, valid_to?}.
 *
 * Errors:  FATAL  no such file, bad JSON, a bad or repeated code: which entry and what it may be.
 */
MUST_CHECK bool catalogue_open(const char *path, Catalogue **ret_catalogue, Error *reterr);
void catalogue_release(Catalogue **catalogue);

/* catalogue_find - by code, whatever its dates; NULL when unknown. */
const Product *catalogue_find(const Catalogue *catalogue, const char *code);

/* product_is_valid - on that day. */
bool product_is_valid(const Product *product, int32_t day);

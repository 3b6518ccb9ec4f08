/* catalogue.c - reads deploy/catalogue/products.json. */
#include "claim/catalogue.h"

#include "claim/strict_json.h"
#include "runtime/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CATALOGUE_PRODUCT_COUNT_MAX = 1000 };

struct Catalogue {
    size_t count;
    Product products[];
};

static bool product_read_day(const json_t *entry, const char *key, int32_t *ret_day)
{
    const json_t *value = json_object_get(entry, key);
    *ret_day = DAY_NONE;
    if (value == NULL || json_is_null(value))
        return true;
    return json_is_string(value) &&
           clock_date_parse(json_string_value(value), json_string_length(value), ret_day);
}

static bool product_read(const json_t *entry, Product *ret_product)
{
    const char *code = json_string_value(json_object_get(entry, "code"));
    const char *name = json_string_value(json_object_get(entry, "name"));
    const char *area = json_string_value(json_object_get(entry, "solution_area"));
    const json_t *dynamics = json_object_get(entry, "dynamics");
    if (code == NULL || name == NULL || area == NULL || *code == '\0' ||
        strlen(code) >= sizeof ret_product->code || strlen(name) >= sizeof ret_product->name)
        return false;
    snprintf(ret_product->code, sizeof ret_product->code, "%s", code);
    snprintf(ret_product->name, sizeof ret_product->name, "%s", name);
    ret_product->solution_area = solution_area_from_name(area);
    ret_product->dynamics = json_is_true(dynamics);
    return ret_product->solution_area != AREA_UNKNOWN && json_is_boolean(dynamics) &&
           product_read_day(entry, "valid_from", &ret_product->valid_from) &&
           product_read_day(entry, "valid_to", &ret_product->valid_to);
}

static bool catalogue_read(const json_t *root, const char *path, Catalogue *catalogue,
                           Error *reterr)
{
    for (size_t i = 0; i < json_array_size(root); i++) {
        Product product = {0};
        if (!product_read(json_array_get(root, i), &product))
            return error_set(reterr, ERROR_FATAL,
                             "read %s: entry %zu needs code, name, solution_area "
                             "(MICROSOFT_365 or BUSINESS_APPLICATIONS), dynamics (true/false) and "
                             "dates as YYYY-MM-DD",
                             path, i);
        if (catalogue_find(catalogue, product.code) != NULL)
            return error_set(reterr, ERROR_FATAL, "read %s: entry %zu repeats the code %s", path, i,
                             product.code);
        catalogue->products[catalogue->count++] = product;
    }
    return true;
}

bool catalogue_open(const char *path, Catalogue **ret_catalogue, Error *reterr)
{
    JSON_AUTO root = NULL;
    if (!json_read_file(path, &root, reterr))
        return false;
    const size_t count = json_array_size(root);
    if (!json_is_array(root) || count == 0 || count > CATALOGUE_PRODUCT_COUNT_MAX)
        return error_set(reterr, ERROR_FATAL, "read catalogue %s: want an array of 1..%d products",
                         path, CATALOGUE_PRODUCT_COUNT_MAX);
    Catalogue *catalogue = calloc(1, sizeof *catalogue + count * sizeof catalogue->products[0]);
    if (catalogue == NULL)
        return error_set(reterr, ERROR_FATAL, "read catalogue %s: out of memory", path);
    if (!catalogue_read(root, path, catalogue, reterr)) {
        free(catalogue);
        return false;
    }
    *ret_catalogue = catalogue;
    return true;
}

void catalogue_release(Catalogue **catalogue)
{
    free(*catalogue);
    *catalogue = NULL;
}

const Product *catalogue_find(const Catalogue *catalogue, const char *code)
{
    for (size_t i = 0; i < catalogue->count; i++)
        if (strcmp(catalogue->products[i].code, code) == 0)
            return &catalogue->products[i];
    return NULL;
}

bool product_is_valid(const Product *product, int32_t day)
{
    return (product->valid_from == DAY_NONE || product->valid_from <= day) &&
           (product->valid_to == DAY_NONE || day <= product->valid_to);
}

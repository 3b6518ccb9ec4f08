/* fuzz_catalogue.c - the operator's list of products: refused, or every entry can be found. */
#include "claim/catalogue.h"
#include "claim/strict_json.h"
#include "fuzz.h"

static void check(const Catalogue *catalogue, const uint8_t *bytes, size_t size)
{
    JSON_AUTO root = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
    require(json_array_size(root) > 0 && memchr(bytes, '\0', size) == NULL);
    for (size_t i = 0; i < json_array_size(root); i++) {
        const json_t *entry = json_array_get(root, i);
        const char *code = json_string_value(json_object_get(entry, "code"));
        const Product *product = catalogue_find(catalogue, code);
        require(product != NULL && strcmp(product->code, code) == 0);
        require(strcmp(product->name, json_string_value(json_object_get(entry, "name"))) == 0);
        require(product->solution_area != AREA_UNKNOWN);
        require(json_object_get(entry, "valid_to") != NULL || product->valid_to == DAY_NONE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Catalogue *catalogue = NULL;
    Error error = {0};
    if (catalogue_open(fuzz_file("products.json", bytes, size), &catalogue, &error))
        check(catalogue, bytes, size);
    else
        require(error.class == ERROR_FATAL && strstr(error.text, "products.json") != NULL);
    catalogue_release(&catalogue);
    return 0;
}

/* fuzz_claim_json.c - a row's lines and findings: what is taken is written again as the same. */
#include "claim/claim_json.h"
#include "fuzz.h"

static Arena arena;

typedef bool Decode(const char *text, Arena *arena, Claim *claim, Error *reterr);
typedef const char *Encode(const Claim *claim, Arena *arena);

static void check(const char *text, Decode *decode, Encode *encode)
{
    Claim claim = {0}, again = {0};
    Error error = {0};
    if (!decode(text, &arena, &claim, &error)) {
        require(error.class == ERROR_FATAL);
        return;
    }
    const char *written = encode(&claim, &arena);
    require(decode(written, &arena, &again, &error));
    require(strcmp(encode(&again, &arena), written) == 0);
    require(again.line_count == claim.line_count && again.finding_count == claim.finding_count);
}

/* First byte: l(ines) or f(indings). */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0 || (bytes[0] != 'l' && bytes[0] != 'f'))
        return -1;
    arena_reset(&arena);
    const char *text = arena_copy(&arena, (const char *)bytes + 1, size - 1);
    if (bytes[0] == 'l')
        check(text, claim_lines_decode, claim_lines_encode);
    else
        check(text, claim_findings_decode, claim_findings_encode);
    return 0;
}

/* rules_claim.c - rules about the claim as a whole. */
#include "claim/rules_internal.h"

#include <string.h>

static bool found(Finding *ret_finding, const char *path, const char *message)
{
    ret_finding->path = path;
    ret_finding->message = message;
    return true;
}

unsigned programs_needed(SolutionArea area, unsigned activities)
{
    unsigned programs = 0;
    if (activities & ACTIVITY_USAGE)
        programs |= area == AREA_MICROSOFT_365 ? PROGRAM_OSU_M365 : PROGRAM_OSU_BIZAPPS;
    if (activities & ACTIVITY_PRE_SALES)
        programs |= PROGRAM_OSA_SELL;
    return programs;
}

static bool wrong_program(const RuleContext *context, const LineFacts *line, Finding *ret_finding)
{
    (void)line;
    const ClaimDocument *document = context->input->document;
    if (document->program == NULL)
        return false;
    const unsigned program = program_from_name(document->program);
    if (program == 0)
        return found(ret_finding, "/program",
                     "This programme is not claimed here; co-op claims (CSP, Managed Reseller, "
                     "Hosting, Surface) go to that programme's own claim form. Use OSU_M365, "
                     "OSU_BIZAPPS or OSA_SELL, or leave the field out.");
    if (!document->activities_readable || document->solution_area == AREA_UNKNOWN ||
        (program & programs_needed(document->solution_area, document->activities)) != 0)
        return false;
    return found(ret_finding, "/program",
                 "The programme does not fit the solution area and activities; name the one that "
                 "does, or leave the field out.");
}

static bool activities_fit(SolutionArea area, unsigned activities)
{
    if (area == AREA_MICROSOFT_365)
        return activities == ACTIVITY_USAGE;
    return activities == ACTIVITY_REVENUE_ASSOCIATION ||
           (activities & ACTIVITY_REVENUE_ASSOCIATION) == 0;
}

static bool activity_invalid(const RuleContext *context, const LineFacts *line,
                             Finding *ret_finding)
{
    (void)line;
    const ClaimDocument *document = context->input->document;
    if (!document->activities_readable || document->solution_area == AREA_UNKNOWN ||
        activities_fit(document->solution_area, document->activities))
        return false;
    return found(ret_finding, "/activities",
                 "Microsoft 365 is claimed for USAGE; Business Applications for USAGE, PRE_SALES "
                 "or both, or for REVENUE_ASSOCIATION alone.");
}

static bool partner_unknown(const RuleContext *context, const LineFacts *line, Finding *ret_finding)
{
    (void)line;
    if (context->input->document->mpn_id == NULL || context->input->partner != NULL)
        return false;
    return found(ret_finding, "/mpn_id",
                 "No partner has this MPN ID; use the location's MPN ID from the partner "
                 "directory.");
}

static bool mpn_not_location(const RuleContext *context, const LineFacts *line,
                             Finding *ret_finding)
{
    (void)line;
    const Partner *partner = context->input->partner;
    if (partner == NULL || partner->location)
        return false;
    return found(ret_finding, "/mpn_id",
                 "This is a global account's MPN ID; use the ID of the location that did the "
                 "work.");
}

static bool partner_is_valid(const Partner *partner, int32_t day)
{
    return (partner->valid_from == DAY_NONE || partner->valid_from <= day) &&
           (partner->valid_to == DAY_NONE || day <= partner->valid_to);
}

static bool mpn_not_enrolled(const RuleContext *context, const LineFacts *line,
                             Finding *ret_finding)
{
    (void)line;
    const Partner *partner = context->input->partner;
    const ClaimDocument *document = context->input->document;
    if (partner == NULL || !document->activities_readable ||
        document->solution_area == AREA_UNKNOWN ||
        !activities_fit(document->solution_area, document->activities))
        return false;
    const unsigned needed = programs_needed(document->solution_area, document->activities);
    if ((partner->enrolments & needed) == needed &&
        partner_is_valid(partner, context->submission_day))
        return false;
    return found(ret_finding, "/mpn_id",
                 "This location was not enrolled on the day of submission: usage of Microsoft 365 "
                 "needs OSU_M365, usage of Business Applications OSU_BIZAPPS, pre-sales OSA_SELL. "
                 "Enrol, then claim again.");
}

static bool tenant_has_domain(const Tenant *tenant, const char *domain)
{
    for (size_t i = 0; i < tenant->domain_count; i++)
        if (strcmp(tenant->domains[i], domain) == 0)
            return true;
    return false;
}

static bool domain_tenant_mismatch(const RuleContext *context, const LineFacts *line,
                                   Finding *ret_finding)
{
    (void)line;
    const Tenant *tenant = context->input->tenant;
    const ClaimDocument *document = context->input->document;
    if (tenant == NULL)
        return found(ret_finding, "/customer/tenant_id",
                     "No tenant has this directory ID; ask the customer for it.");
    if (document->domain == NULL || tenant_has_domain(tenant, document->domain))
        return false;
    return found(ret_finding, "/customer/domain",
                 "This is not one of the tenant's verified domains; ask the customer for tenant "
                 "ID and domain of the same directory.");
}

/* A mail domain is the customer's when it is a verified domain or a subdomain of one. */
static bool tenant_owns_mail_domain(const Tenant *tenant, const char *mail_domain)
{
    const size_t mail_size = strlen(mail_domain);
    for (size_t i = 0; i < tenant->domain_count; i++) {
        const size_t size = strlen(tenant->domains[i]);
        if (size > mail_size || strcasecmp(mail_domain + mail_size - size, tenant->domains[i]) != 0)
            continue;
        if (size == mail_size || mail_domain[mail_size - size - 1] == '.')
            return true;
    }
    return false;
}

static bool contact_not_at_customer(const RuleContext *context, const LineFacts *line,
                                    Finding *ret_finding)
{
    (void)line;
    const Tenant *tenant = context->input->tenant;
    const char *email = context->input->document->contact.email;
    if (!context->input->policy->contact_at_customer || tenant == NULL || email == NULL)
        return false;
    const char *at = strrchr(email, '@');
    if (at != NULL && tenant_owns_mail_domain(tenant, at + 1))
        return false;
    return found(ret_finding, "/customer/contact/email",
                 "The contact's mail domain is none of the tenant's verified domains; name a "
                 "contact at the customer, who can be notified.");
}

static bool technical_contact_missing(const RuleContext *context, const LineFacts *line,
                                      Finding *ret_finding)
{
    (void)line;
    const ClaimDocument *document = context->input->document;
    if (document->has_technical_contact)
        return false;
    for (size_t i = 0; i < document->line_count; i++) {
        const char *code = document->lines[i].product;
        const Product *product =
            code == NULL ? NULL : catalogue_find(context->input->catalogue, code);
        if (product != NULL && product->dynamics)
            return found(ret_finding, "/customer/technical_contact",
                         "Dynamics 365 claims need the customer's technical contact: name, title "
                         "and email.");
    }
    return false;
}

static bool revenue_fields_missing(const RuleContext *context, const LineFacts *line,
                                   Finding *ret_finding)
{
    (void)line;
    const ClaimDocument *document = context->input->document;
    if ((document->activities & ACTIVITY_REVENUE_ASSOCIATION) == 0)
        return false;
    const char *message = "Revenue association needs customer.name and, in revenue, "
                          "dynamics_seller_name, customer_name and isv_solution_name.";
    if (document->revenue_seller == NULL || document->revenue_customer == NULL ||
        document->revenue_solution == NULL)
        return found(ret_finding, "/revenue", message);
    return document->customer_name == NULL && found(ret_finding, "/customer/name", message);
}

static bool disclosure_missing(const RuleContext *context, const LineFacts *line,
                               Finding *ret_finding)
{
    (void)line;
    const RuleInput *input = context->input;
    if (input->tenant == NULL || !input->tenant->public_sector)
        return false;
    const char *country =
        input->document->country != NULL ? input->document->country : input->tenant->country;
    if (strcmp(country, "US") != 0 && strcmp(country, "PR") != 0)
        return false;
    for (size_t i = 0; i < input->document->poe_count; i++)
        if (input->document->poe[i].public_sector_disclosure &&
            input->document->poe[i].cover_count > 0)
            return false;
    for (size_t i = 0; i < input->evidence_count; i++)
        if (input->evidence[i].public_sector_disclosure && input->evidence[i].cover_count > 0)
            return false;
    return found(ret_finding, "/poe",
                 "Public sector customers in the US need a proof of execution with the public "
                 "sector disclosure that covers a line; add one.");
}

bool rule_is_missing_record(const RuleContext *context, Code code)
{
    return code == CODE_PARTNER_UNKNOWN ||
           (code == CODE_DOMAIN_TENANT_MISMATCH && context->input->tenant == NULL);
}

const Rule rules_of_claim[] = {
    {CODE_WRONG_PROGRAM, wrong_program},
    {CODE_ACTIVITY_INVALID, activity_invalid},
    {CODE_PARTNER_UNKNOWN, partner_unknown},
    {CODE_MPN_NOT_LOCATION, mpn_not_location},
    {CODE_MPN_NOT_ENROLLED, mpn_not_enrolled},
    {CODE_DOMAIN_TENANT_MISMATCH, domain_tenant_mismatch},
    {CODE_CONTACT_NOT_AT_CUSTOMER, contact_not_at_customer},
    {CODE_TECHNICAL_CONTACT_MISSING, technical_contact_missing},
    {CODE_REVENUE_FIELDS_MISSING, revenue_fields_missing},
    {CODE_POE_DISCLOSURE_MISSING, disclosure_missing},
};
const size_t rules_of_claim_count = sizeof rules_of_claim / sizeof rules_of_claim[0];

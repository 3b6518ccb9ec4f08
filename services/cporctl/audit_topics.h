/* audit_topics.h - the promises that rest on how the brokers keep a topic. */
#pragma once

#include "audit_report.h"

/*
 * audit_topics_check - every topic that outsiders write to is kept uncompressed, as topics.json has
 * it: then the broker unpacks what comes, and refuses it, and no worker meets a compressed bomb. In
 * production each has the copies that topics.json wants.
 *
 * Out:     ret_result  a violation per topic that is not.
 * Errors:  in session->error: no topics.json, Kafka away, no right to read configurations.
 * Source:  ADR 20.
 */
MUST_CHECK bool audit_topics_check(Session *session, AuditResult *ret_result);

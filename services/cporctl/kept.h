/* kept.h - how long an opt-out waits for its claim. */
#pragma once

#include "cporctl.h"

/* kept_until_ms - the instant after which a kept opt-out becomes a dead letter; by the setting
 * CPOR_KEPT_OPT_OUT_DAYS, which the command must have. */
int64_t kept_until_ms(const Session *session, int64_t received_at_ms);

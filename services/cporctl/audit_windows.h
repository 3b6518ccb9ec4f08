/* audit_windows.h - what SQL cannot check of the windows: business days. */
#pragma once

#include "audit_report.h"

/* audit_windows_check - look at every open or official line, in the snapshot that is open. */
MUST_CHECK bool audit_windows_check(Session *session, AuditResult *ret_result);

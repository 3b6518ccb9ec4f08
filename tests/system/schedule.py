"""Which tests run beside each other: a file's stay together, and the longest begin first."""

# Their tests share nothing that is made once per file: each may run anywhere.
SPLIT = ("faults/test_mutants.py", "faults/test_crash_points.py", "test_cporctl_dlq.py",
         "test_contracts.py", "test_kept.py")
# By what was measured; whatever is not named comes after them.
FIRST = ("faults/test_crash_points.py", "faults/test_brokers.py",
         "test_contract_snippets.py", "test_walk.py", "faults/test_load.py",
         "test_database_security.py", "test_cporctl_audit.py", "test_many_windows.py",
         "test_cporctl_forget.py", "test_pipeline.py", "test_upgrade.py",
         "test_hostile_log.py", "test_contracts.py", "test_restore.py",
         "test_kafka_secure.py", "test_cporctl_submit.py", "test_languages.py",
         "test_cporctl_claims.py", "faults/test_mutants.py", "test_cporctl_dlq.py",
         "test_kept.py", "test_moves.py")


def rank(path):
    return FIRST.index(path) if path in FIRST else len(FIRST)


def scope_of(nodeid):
    """What one process runs as a whole."""
    path = nodeid.partition("::")[0]
    return nodeid if path.endswith(SPLIT) else path


def make(config, log):
    from xdist.scheduler import LoadScopeScheduling  # absent where a test is run alone

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return scope_of(nodeid)

    return ByFile(config, log)

"""Calls of the operator's tool."""

import re
import subprocess

import psycopg

import harness
import roles


def as_person(env, command):
    """The environment in which a person calls a command: setup is the owner's, forget the eraser's,
    the others are the operator's. Where a test has chosen a database itself, its user stays."""
    url = env.get("CPOR_DATABASE_URL")
    if command in ("setup", "rewind", "replay") or not url or url != env.get("TEST_OWNER_URL"):
        return env
    role = "eraser" if command == "forget" else "operator"
    return {**env, "CPOR_DATABASE_URL": roles.login_url(url, role)}


def call(env, *arguments):
    env = as_person(env, arguments[0] if arguments else "")
    return subprocess.run([str(harness.BIN / "cporctl"), *arguments], env=env, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=120)


def expect(code, result):
    assert result.returncode == code, f"expected exit code {code}, actual {result.returncode}:\n" \
                                      f"{result.stdout}{result.stderr}"
    return result.stdout if code == 0 else result.stderr


def execute(installation, sql, *parameters):
    with psycopg.connect(installation.env["CPOR_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(sql, parameters or None)


def rewind_groups(installation):
    """Back to the database's positions; not before the workers left their groups."""
    def is_done():
        result = call(installation.env, "rewind", "--yes")
        assert result.returncode == 0 or re.search("has members|transaction open", result.stderr), \
            f"{result.stdout}{result.stderr}"
        return result.returncode == 0
    installation.wait("the groups to be empty, and the rewind", is_done, 60, 0.3)

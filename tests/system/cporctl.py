"""Calls of the operator's tool."""

import subprocess

import psycopg

import harness


def call(env, *arguments):
    return subprocess.run([str(harness.BIN / "cporctl"), *arguments], env=env, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=120)


def expect(code, result):
    assert result.returncode == code, f"expected exit code {code}, actual {result.returncode}:\n" \
                                      f"{result.stdout}{result.stderr}"
    return result.stdout if code == 0 else result.stderr


def execute(installation, sql, *parameters):
    with psycopg.connect(installation.env["CPOR_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(sql, parameters or None)

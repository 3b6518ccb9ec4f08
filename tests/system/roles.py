"""The users that workers and people log in as: one each, in the role made for them."""

import secrets

import psycopg

PASSWORD = secrets.token_hex(8)  # of all users of this session
PEOPLE = ("operator", "eraser")


def login_url(url, role):
    """The owner's URL, but as the user of a service or of a person."""
    scheme, _, rest = url.partition("://")
    place = rest.rpartition("@")[2]
    database = place.rpartition("/")[2]
    return f"{scheme}://{database}_user_{role.replace('-', '_')}:{PASSWORD}@{place}"


def create_users(url, services):
    """After setup has made the roles. They outlive the database: those that are there stay."""
    database = url.rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as connection:
        for role in (*services, *PEOPLE):
            name = role.replace("-", "_")
            user = f"{database}_user_{name}"
            found = connection.execute("select 1 from pg_roles where rolname = %s", [user])
            if found.fetchone() is None:
                connection.execute(f'create user "{user}" password \'{PASSWORD}\''
                                   f' in role "{database}_{name}"')

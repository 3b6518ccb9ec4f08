"""A Kafka broker as production has it: TLS, SASL/SCRAM-SHA-512, and nothing allowed by default."""

import pathlib
import subprocess
import sys
import time

import harness

sys.path.insert(0, str(harness.ROOT / "deploy/local"))

import process  # noqa: E402  (of the local stack)
import servers  # noqa: E402

HOST = "localhost"  # the certificate's name; 127.0.0.1 is the wrong one
ADMIN = "admin"


class SecureKafka(servers.Kafka):
    """The local stack's broker with one more listener; clear text is left to the test itself."""

    PORT_NAMES = ("kafka", "kafka_controller", "login", "certificate")
    EXTRA = """\
listeners=PLAINTEXT://127.0.0.1:{kafka},SASL_SSL://127.0.0.1:{login},\
SSL://127.0.0.1:{certificate},CONTROLLER://127.0.0.1:{kafka_controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{kafka},SASL_SSL://{host}:{login},\
SSL://{host}:{certificate}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required {users};
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
listener.name.ssl.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=(.*)$/$1/
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:ANONYMOUS;User:{admin}
"""

    def __init__(self, folder, authority, passwords):
        ports = {}
        for name in self.PORT_NAMES:
            ports[name] = process.choose_port(ports.values())
        super().__init__(folder, ports, None)
        self.authority, self.passwords = authority, passwords
        self.keystore = authority.issue(HOST)[2]
        self.child = None

    def prepare(self):
        self.dir.mkdir()
        common = "".join(line for line in self.PROPERTIES.splitlines(keepends=True)
                         if not line.startswith(("listeners=", "advertised.listeners=",
                                                 "listener.security.protocol.map=")))
        properties = self.dir / "server.properties"
        properties.write_text((common + self.EXTRA).format(
            dir=self.dir, host=HOST, admin=ADMIN, keystore=self.keystore,
            authority=self.authority.file, **self.ports,
            users=" ".join(f'user_{name}="{text}"' for name, text in self.passwords.items())))
        users = [argument for name, password in self.passwords.items() for argument in
                 ("--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]")]
        process.run(self.java("kafka.tools.StorageTool", "format", "--cluster-id",
                              "c0123456789abcdefghiJQ", "--config", properties, *users))

    def up(self):
        self.prepare()
        self.child = self.start()
        end = time.monotonic() + self.START_WAIT_SECONDS
        while not self.is_ready():
            if self.child.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the secure broker does not start:\n{self.log_tail(60)}")
            time.sleep(0.1)
        return self

    def down(self):
        """Also of a broker whose start has failed."""
        if self.child is not None:
            self.stop(self.STOP_SIGNAL, self.STOP_WAIT_SECONDS)
            self.child.wait()

    def properties(self, path, **settings):
        """A file for CPOR_KAFKA_PROPERTIES; an underscore stands for a dot."""
        base = {"ssl.ca.location": self.authority.file, "broker.address.family": "v4"}
        base |= {name.replace("_", "."): value for name, value in settings.items()}
        path.write_text("".join(f"{name}={value}\n" for name, value in base.items()))
        return path

    def login(self, path, user, mechanism="PLAIN", **settings):
        """(address, properties) of a client with name and password."""
        options = {"security_protocol": "sasl_ssl", "sasl_mechanism": mechanism,
                   "sasl_username": user, "sasl_password": self.passwords.get(user, "none")}
        return (f"{HOST}:{self.ports['login']}", self.properties(path, **(options | settings)))

    def certificate(self, path, user, authority=None):
        """(address, properties) of a client with a certificate."""
        certificate, key, _ = (authority or self.authority).issue(user)
        return (f"{HOST}:{self.ports['certificate']}", self.properties(
            path, security_protocol="ssl", ssl_certificate_location=certificate,
            ssl_key_location=key))

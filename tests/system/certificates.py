"""Certificates of a CA that lives as long as a test: good ones, and each kind of bad one."""

import subprocess


def openssl(*arguments, folder):
    subprocess.run(["openssl", *map(str, arguments)], cwd=folder, check=True, text=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Authority:
    """A CA: its certificate is in .file."""

    def __init__(self, folder, name):
        self.folder, self.name = folder / name, name
        self.folder.mkdir()
        self.file = self.folder / "ca.pem"
        (self.folder / "index.txt").touch()
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca = main\n"
            "[main]\ndatabase = index.txt\nnew_certs_dir = .\nserial = serial\n"
            "certificate = ca.pem\nprivate_key = ca.key\ndefault_md = sha256\n"
            "policy = any\nunique_subject = no\ncopy_extensions = copy\n"
            "[any]\ncommonName = supplied\n")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-subj", f"/CN={name}", "-keyout", "ca.key", "-out", "ca.pem",
                "-days", 2, folder=self.folder)

    def issue(self, host, name=None, start="20200101000000Z", end="20991231235959Z"):
        """(certificate, key, both in one file) for a host name; an end in the past: expired."""
        name = name or host
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr", folder=self.folder)
        openssl("ca", "-batch", "-config", "ca.cnf", "-rand_serial", "-notext", "-startdate", start,
                "-enddate", end, "-in", f"{name}.csr", "-out", f"{name}.pem", folder=self.folder)
        certificate, key, both = (self.folder / f"{name}.{end}" for end in ("pem", "key", "both"))
        both.write_text(key.read_text() + certificate.read_text())
        return certificate, key, both

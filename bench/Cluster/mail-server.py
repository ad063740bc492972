"""A mail server that delivers into a folder (Maildir), out of aiosmtpd.

mail-server --port PORT --folder FOLDER [--user USER --certificate FILE --key FILE]
The password of USER comes from the environment, MAIL_PASSWORD. With a certificate it offers STARTTLS, and AUTH behind it.
"""

import argparse
import asyncio
import os
import signal
import ssl

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--user")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    return parser.parse_args()


class Deliveries(Mailbox):
    """Refuses addresses that begin with `nobody@`, for ever, and with `later@`, for now."""

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("nobody@"):
            return "550 5.1.1 there is no such person"
        if address.startswith("later@"):
            return "450 4.2.0 later"
        envelope.rcpt_tos.append(address)
        return "250 OK"


async def main():
    chosen = options()
    context = None
    if chosen.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(chosen.certificate, chosen.key)
    password = os.environ.get("MAIL_PASSWORD", "")

    def authenticate(server, session, envelope, mechanism, data):
        is_known = data.login.decode() == chosen.user and data.password.decode() == password
        return AuthResult(success=is_known, handled=False)

    handler = Deliveries(chosen.folder)

    def session():
        return SMTP(
            handler,
            hostname="mail.test",
            tls_context=context,
            require_starttls=context is not None,
            auth_required=chosen.user is not None,
            auth_require_tls=context is not None,
            authenticator=authenticate,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", chosen.port)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
    server.close()


asyncio.run(main())

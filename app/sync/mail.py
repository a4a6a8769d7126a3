"""Sends a job's notice by e-mail (SMTP)."""

import smtplib
import ssl
from email.message import EmailMessage

from app.domain.job import JobNotice
from app.logs import redact
from app.settings import Mail

_TIMEOUT_S = 20.0


def send_mail(mail: Mail, password: str, people: tuple[str, ...], notice: JobNotice) -> None:
    """Send a notice by e-mail; the password goes over an encrypted connection only.

    Raises:
        SMTPException: The server refuses us, the people or the message, or has no STARTTLS.
        OSError: It cannot be reached, or its certificate is not to be trusted.
    """
    message = EmailMessage()
    message["Subject"], message["From"] = notice.subject, mail.sender
    message["To"] = ", ".join(people)
    message.set_content(redact(notice.text))
    with smtplib.SMTP(mail.host, mail.port, timeout=_TIMEOUT_S) as server:
        if mail.starttls:
            server.starttls(context=ssl.create_default_context())
        if mail.user:
            if not mail.starttls:
                raise smtplib.SMTPNotSupportedError("a password needs starttls")
            server.login(mail.user, password)
        server.send_message(message)

"""Telling people that a job failed: by e-mail (SMTP), and to a webhook (a POST of JSON)."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from app.domain.job import Job, JobNotice
from app.logs import redact
from app.settings import Mail

log = logging.getLogger(__name__)

PLACE = "notices"
MAIL_PASSWORD, WEBHOOK = "mail_password", "webhook"  # names of secrets, none themselves
_TIMEOUT_S = 20.0
_REFUSED = 400


@dataclass(frozen=True, slots=True)
class Notifier:
    """Tells of failed jobs, as far as the settings and the job say whom.

    Attributes:
        secret: Returns a secret of `PLACE` by name: the password of the mail server's user, the
            address of the webhook (who knows it can write there), None where there is none.
    """

    mail: Mail
    secret: Callable[[str], str | None]

    def __call__(self, job: Job, notice: JobNotice) -> None:
        """Tell; that nobody could be told is a warning in the log, never an error."""
        people = job.notify.emails or self.mail.to
        if people:
            self._mail(people, notice)
        if job.notify.webhook:
            self._post(notice)

    def _mail(self, people: tuple[str, ...], notice: JobNotice) -> None:
        if not self.mail.host:
            log.warning("No e-mail about job %s: no [mail] in settings.toml", notice.job)
            return
        from app.sync.mail import send_mail  # noqa: PLC0415 - start-up time, and few are told so

        try:
            send_mail(self.mail, self.secret(MAIL_PASSWORD) or "", people, notice)
        except OSError as error:  # of SMTP too
            code = getattr(error, "smtp_code", "")
            words = f"{type(error).__name__} {code}".rstrip()
            log.warning(
                "No e-mail about job %s: %s of %s:%d",
                notice.job, words, self.mail.host, self.mail.port,
            )  # fmt: skip

    def _post(self, notice: JobNotice) -> None:
        url = self.secret(WEBHOOK)
        if not url:
            log.warning("No webhook told of job %s: its address is not known", notice.job)
            return
        problem = send_webhook(url, notice)
        if problem:
            log.warning("No webhook told of job %s: %s", notice.job, problem)


def send_webhook(url: str, notice: JobNotice) -> str:
    """Post a notice as JSON and return why that failed, `""` if it did not; never the address."""
    import requests  # noqa: PLC0415 - costs start-up time, and few are told this way

    body = {
        name: [redact(one) for one in value] if isinstance(value, list) else redact(str(value))
        for name, value in notice.to_json().items()
    }
    try:
        answer = requests.post(url, json=body, timeout=_TIMEOUT_S, allow_redirects=False)
    except requests.RequestException as error:
        return type(error).__name__  # its words name the address
    return f"it answered {answer.status_code}" if answer.status_code >= _REFUSED else ""

"""Days and times of day in the words of a locale of Qt."""

from PySide6.QtCore import QDate, QLocale, QTime

from app.views.state import dates

_SHORT = QLocale.FormatType.ShortFormat


def write_dates_as(locale: QLocale) -> None:
    """Write days and times of day as a locale does from now on, but years in full.

    A machine without any locale (a container, say) keeps our own way, which nobody can misread.
    """
    if locale.language() is QLocale.Language.C:
        return
    form = locale.dateFormat(_SHORT)
    form = form if "yyyy" in form else form.replace("yy", "yyyy")
    dates.install(
        lambda day: locale.toString(QDate(day.year, day.month, day.day), form),
        lambda time: locale.toString(QTime(time.hour, time.minute), _SHORT),
    )

"""How Fusion's controls are drawn; the trees paint themselves and are not touched by it."""

from collections.abc import Callable

_TEMPLATE = """
QToolTip {{ background: {base}; color: {text}; border: 1px solid {line}; padding: 4px 8px; }}
QMainWindow, QDialog {{ background: {window}; }}
#rail {{ background: {rail}; }}
#rail QToolButton {{ color: {rail_text}; background: transparent; border: none; padding: 8px 0;
  border-left: 3px solid transparent; font-size: 9pt; }}
#rail QToolButton:hover {{ background: rgba(255, 255, 255, 24); }}
#rail QToolButton:checked {{ color: #FFFFFF; background: rgba(255, 255, 255, 30);
  border-left: 3px solid {checked_rail}; }}
#rail QToolButton:focus {{ border: 1px solid {rail_text}; }}
#topBar {{ background: {base}; border-bottom: 1px solid {line}; }}
#statusLine {{ background: {base}; border-top: 1px solid {line}; }}
#strip {{ background: {production}; }}
#strip QLabel {{ color: #FFFFFF; font-weight: bold; }}
QLabel[role="title"] {{ font-size: 17pt; font-weight: bold; }}
QLabel[role="heading"] {{ font-size: 12pt; font-weight: bold; }}
QLabel[role="section"] {{ font-weight: bold; }}
QLabel[role="muted"] {{ color: {muted}; }}
QLabel[role="error"] {{ color: {error}; }}
QPushButton, QToolButton[role="button"], QToolButton[role="primary"] {{ background: {base};
  color: {text}; border: 1px solid {line}; border-radius: 4px; padding: 5px 14px;
  min-height: 20px; }}
QPushButton:hover, QToolButton[role="button"]:hover {{ background: {hover}; }}
QPushButton:pressed, QToolButton[role="button"]:pressed {{ background: {line}; }}
QPushButton:focus, QToolButton[role="button"]:focus {{ border: 2px solid {accent};
  padding: 4px 13px; }}
QToolButton[role="icon"] {{ background: {base}; border: 1px solid {line}; border-radius: 4px;
  padding: 5px 8px; min-height: 20px; }}
QToolButton[role="icon"]:hover {{ background: {hover}; }}
QToolButton[role="icon"]:focus {{ border: 2px solid {accent}; padding: 4px 7px; }}
QToolButton[role="icon"]::menu-indicator {{ image: none; }}
QToolButton[role="chip"]::menu-indicator {{ image: none; }}
QToolButton[role="button"]::menu-indicator {{ image: none; }}
QPushButton:disabled, QToolButton:disabled {{ color: {muted}; background: {window}; }}
QPushButton[role="primary"] {{ background: {accent}; color: {accent_text};
  border: 1px solid {accent}; font-weight: bold; }}
QPushButton[role="primary"]:hover {{ border: 1px solid {text}; }}
QPushButton[role="primary"]:focus {{ border: 2px solid {text}; padding: 4px 13px; }}
QPushButton[role="primary"]:disabled {{ background: {hover}; color: {muted};
  border: 1px solid {line}; }}
QPushButton[role="danger"] {{ background: {production}; color: #FFFFFF;
  border: 1px solid {production}; font-weight: bold; }}
QPushButton[role="danger"]:disabled {{ background: {hover}; color: {muted};
  border: 1px solid {line}; }}
QToolButton[role="button"] {{ padding-right: 32px; }}
QToolButton[role="button"]::menu-button {{ border: none; border-left: 1px solid {line};
  width: 24px; }}
QToolButton[role="button"]::menu-button:hover {{ background: {hover}; }}
QToolButton[role="flat"] {{ background: transparent; border: 1px solid transparent;
  border-radius: 4px; padding: 3px 6px; color: {text}; }}
QToolButton[role="flat"]:hover {{ background: {hover}; }}
QToolButton[role="flat"]:focus {{ border: 1px solid {accent}; }}
QToolButton[role="chip"] {{ background: {base}; color: {text}; border: 1px solid {line};
  border-radius: 15px; padding: 3px 8px; min-height: 21px; }}
QToolButton[role="chip"]:hover {{ background: {hover}; }}
QToolButton[role="chip"]:checked {{ background: {selection}; border: 1px solid {accent};
  font-weight: bold; }}
QToolButton[role="chip"]:focus {{ border: 2px solid {accent}; padding: 2px 7px; }}
QToolButton[role="chip"]:disabled {{ color: {muted}; background: {window}; }}
QLineEdit, QPlainTextEdit {{ background: {base}; color: {text}; placeholder-text-color: {muted};
  border: 1px solid {edge}; border-radius: 4px; padding: 5px 8px; min-height: 20px;
  selection-background-color: {accent}; selection-color: {accent_text}; }}
QLineEdit:focus, QPlainTextEdit:focus {{ border: 2px solid {accent}; padding: 4px 7px; }}
QLineEdit[role="cell"], QLineEdit[role="cell"]:focus {{ border: 2px solid {accent};
  border-radius: 0; padding: 0 4px; min-height: 0; }}
QComboBox {{ background: {base}; color: {text}; placeholder-text-color: {muted};
  border: 1px solid {edge}; border-radius: 4px; padding: 5px 8px; min-height: 20px; }}
QComboBox:hover {{ background: {hover}; }}
QComboBox:focus {{ border: 2px solid {accent}; padding: 4px 7px; }}
QComboBox:disabled {{ color: {muted}; background: {window}; border: 1px solid {line}; }}
QComboBox::drop-down {{ border: none; width: 24px; }}
QComboBox::down-arrow {{ image: url("{down}"); width: 12px; height: 12px; }}
QAbstractSpinBox {{ background: {base}; color: {text}; border: 1px solid {edge};
  border-radius: 4px; padding: 5px 0; min-height: 17px;
  selection-background-color: {accent}; selection-color: {accent_text}; }}
QAbstractSpinBox:focus {{ border: 2px solid {accent}; padding: 4px 0; }}
QAbstractSpinBox:disabled {{ color: {muted}; background: {window}; border: 1px solid {line}; }}
QAbstractSpinBox QLineEdit, QAbstractSpinBox QLineEdit:focus {{ border: none; min-height: 0;
  padding: 0; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ border: none; width: 20px; }}
QDateTimeEdit::drop-down {{ border: none; width: 24px; }}
QAbstractSpinBox::up-button {{ subcontrol-position: top right; }}
QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; }}
QAbstractSpinBox::up-arrow {{ image: url("{up}"); width: 9px; height: 9px; }}
QAbstractSpinBox::down-arrow {{ image: url("{down}"); width: 9px; height: 9px; }}
QComboBox[role="cell"], QComboBox[role="cell"]:focus {{ border: 2px solid {accent};
  border-radius: 0; padding: 0 4px; min-height: 0; }}
QComboBox QLineEdit, QComboBox QLineEdit:focus {{ border: none; padding: 0; min-height: 0; }}
QComboBox QAbstractItemView {{ border: 1px solid {line}; padding: 4px; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {muted}; border-radius: 3px;
  background: {base}; }}
QCheckBox::indicator:checked {{ background: {accent}; border: 1px solid {accent};
  image: url("{tick}"); }}
QCheckBox::indicator:focus {{ border: 2px solid {text}; width: 12px; height: 12px; }}
QCheckBox::indicator:disabled {{ background: {hover}; }}
QTreeWidget::indicator, QListWidget::indicator {{ width: 12px; height: 12px;
  border: 1px solid {muted}; border-radius: 3px; background: {base}; }}
QTreeWidget::indicator:checked, QListWidget::indicator:checked {{ background: {accent};
  border: 1px solid {accent}; image: url("{tick}"); }}
QTreeWidget::indicator:indeterminate {{ background: {muted}; border: 1px solid {muted}; }}
QHeaderView {{ background: {base}; }}
QHeaderView::section {{ background: {base}; color: {muted}; border: none;
  border-bottom: 1px solid {line}; padding: 6px 8px; font-weight: bold; }}
QTableView, QTreeView, QListView {{ background: {base}; color: {text}; border: none;
  alternate-background-color: {alternate}; selection-background-color: {selection};
  selection-color: {text}; outline: none; }}
QListWidget {{ border: 1px solid {line}; border-radius: 4px; padding: 4px; }}
QTableView::item {{ padding: 2px 6px; }}
QListWidget::item {{ padding: 3px 2px; }}
QTreeWidget::item, #offers::item {{ padding: 2px 5px; }}
#side {{ background: {base}; border: none; border-left: 1px solid {line}; }}
#band {{ background: {base}; border-bottom: 1px solid {line}; }}
#notice {{ background: {notice}; border-top: 1px solid {line}; }}
#notice QLabel {{ color: {error}; }}
#readOnly {{ background: {notice}; border-bottom: 1px solid {line}; }}
#readOnly QLabel {{ color: {error}; font-weight: bold; }}
#finder {{ background: {base}; border: none; border-right: 1px solid {line}; }}
#fact {{ background: {base}; border: 1px solid {line}; border-radius: 6px; }}
QTabBar {{ background: {window}; }}
QTabBar::tab {{ background: transparent; color: {muted}; border: none; padding: 8px 10px;
  border-bottom: 2px solid transparent; }}
QTabBar::tab:hover {{ color: {text}; background: {hover}; }}
QTabBar::tab:selected {{ color: {text}; font-weight: bold; border-bottom: 2px solid {accent}; }}
QTabBar::tab:selected:focus {{ background: {selection}; }}
QTabBar::scroller {{ width: 48px; }}
QTabBar QToolButton {{ background: {window}; border: 1px solid {line}; border-radius: 4px;
  margin: 4px 1px; }}
QTabBar QToolButton:hover {{ background: {hover}; }}
#door {{ background: {base}; border: 1px solid {line}; border-radius: 8px; }}
QProgressBar {{ background: {hover}; border: none; border-radius: 3px; max-height: 6px;
  min-height: 6px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 3px; }}
QSplitter::handle {{ background: {line}; }}
QSplitter::handle:vertical {{ height: 1px; }}
QSplitter::handle:horizontal {{ width: 1px; }}
QScrollArea {{ border: none; background: transparent; }}
QAbstractScrollArea::corner {{ background: {base}; border: none; }}
QScrollBar:vertical {{ background: {base}; width: 12px; margin: 0; }}
QScrollBar:horizontal {{ background: {base}; height: 12px; margin: 0; }}
QScrollBar::handle {{ background: {line}; border-radius: 4px; margin: 2px; }}
QScrollBar::handle:vertical {{ min-height: 32px; }}
QScrollBar::handle:horizontal {{ min-width: 32px; }}
QScrollBar::handle:hover {{ background: {muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QMenu {{ background: {base}; color: {text}; border: 1px solid {line}; padding: 4px 0; }}
QMenu::item {{ padding: 6px 24px 6px 16px; }}
QMenu::item:selected {{ background: {selection}; }}
QMenu::item:disabled {{ color: {muted}; background: transparent; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 0; }}
"""
_NAMES = (
    "window", "base", "alternate", "text", "muted", "line", "edge", "accent", "accent_text",
    "hover", "selection", "rail", "rail_text", "production",
)  # fmt: skip


def style_sheet(colour: Callable[[str], str], **more: str) -> str:
    """Return the style sheet; `colour` gives a colour by its name in `Colours`."""
    return _TEMPLATE.format(**{name: colour(name) for name in _NAMES}, **more)

"""Thirty lists as booking sites, associations and spreadsheets write them, beside their truth.

The columns are those that the makers document or that converters of their exports read; the members
are made up. `python -m tests.unit.members.sheets FOLDER` writes them as files.
"""

import sys
from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from openpyxl import Workbook  # type: ignore[import-untyped]

from gateway.members.questions import Answers

ANN, BOB = ("Ann Lee", "resident"), ("Bob Roy", "nomad")


class Truth(NamedTuple):
    """What is right of one member: any part that the list gives."""

    name: str
    plan: str
    until: str = ""
    status: str = "active"
    email: str = ""
    badges: int = 0
    trainings: tuple[str, ...] = ()
    ref: str = ""


class ListFile(NamedTuple):
    """A list: its file, the members that are in it, and how many questions it may leave open."""

    name: str
    content: bytes
    truth: tuple[Truth, ...]
    questions: int = 0
    answers: Answers = {}  # noqa: RUF012 - never changed
    ignored: tuple[str, ...] = ()


def _csv(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def _xlsx(*rows: list[Any], before: Callable[[Workbook], None] | None = None) -> bytes:
    book, content = Workbook(), BytesIO()
    book.active.title = "Members"
    for row in rows:
        book.active.append(row)
    if before is not None:
        before(book)
    book.save(content)
    return content.getvalue()


def _hidden(book: Workbook) -> None:
    sheet = book.create_sheet("Lists", 0)
    sheet.append(["Nom", "Formule"])
    sheet.sheet_state = "hidden"


def _chart(book: Workbook) -> None:
    book.create_chartsheet("Graph", 0)


def _notes(book: Workbook) -> None:
    book.create_sheet("Lisez-moi", 0).append(["Comment remplir ce fichier"])


def _two_years(book: Workbook) -> None:
    book.create_sheet("2025").append(["Nom", "Formule"])


def _merged(book: Workbook) -> None:
    book.active.merge_cells("A1:D1")
    book.active.merge_cells("A3:A4")


A = Truth(*ANN)
B = Truth(*BOB)
FORMATS = {"file": {"badge_format": "decimal"}}

LISTS = (
    ListFile(
        "helloasso-adhesions.csv",
        _csv(
            "Référence commande;Date de la commande;Statut de la commande;Nom adhérent;"
            "Prénom adhérent;Nom payeur;Prénom payeur;Email payeur;Moyen de paiement;Tarif;"
            "Montant tarif;Numéro de carte d'adhérent\n"
            "101;03/11/2026 10:12;Validé;Lee;Ann;Lee;Tom;tom@example.org;Carte bancaire;Résident;"
            "120,00;A-7\n"
            "102;04/11/2026 11:00;Validé;Roy;Bob;Roy;Bob;bob@example.org;Chèque;Nomade;60,00;A-8\n",
            "utf-8-sig",
        ),
        (A._replace(ref="A-7", email="tom@example.org"), B._replace(ref="A-8")),
        ignored=("Référence commande", "Nom payeur", "Montant tarif"),
    ),
    ListFile(
        "helloasso-without-cards.csv",
        _csv(
            "Référence commande;Date de la commande;Statut de la commande;Nom adhérent;"
            "Prénom adhérent;Email payeur;Tarif\n"
            "101;03/11/2026;Validé;Lee;Ann;ann@example.org;Résident\n"
            "102;04/11/2026;Annulé;Roy;Bob;bob@example.org;Nomade\n"
        ),
        (A._replace(ref="ann@example.org"), B._replace(status="suspended")),
    ),
    ListFile(
        "helloasso-one-payer.csv",
        _csv(
            "Référence commande;Nom adhérent;Prénom adhérent;Email payeur;Tarif\n"
            "1;Lee;Ann;lee@example.org;Résident\n2;Roy;Bob;lee@example.org;Nomade\n"
        ),
        (A, B),
        questions=1,
        answers={"file": {"ref": "name"}},
    ),
    ListFile(
        "fabman.csv",
        _csv(
            "Member number,First name,Last name,Email address,State,Package,Gender,Key number,"
            "Laser cutting\n"
            "F1,Ann,Lee,ann@example.org,active,Resident,f,04A224B2C31990,yes\n"
            "F2,Bob,Roy,bob@example.org,locked,Nomad,m,04A224B2C31991,no\n"
        ),
        (
            A._replace(ref="F1", badges=1, trainings=("laser",)),
            B._replace(ref="F2", badges=1, status="suspended"),
        ),
        ignored=("Gender",),
    ),
    ListFile(
        "fabman-camel.csv",
        _csv(
            "id,memberNumber,firstName,lastName,emailAddress,state,package\n"
            "77,F1,Ann,Lee,ann@example.org,active,Resident\n"
            "78,F2,Bob,Roy,bob@example.org,active,Nomad\n"
        ),
        (A._replace(ref="F1"), B._replace(ref="F2")),
    ),
    ListFile(
        "nexudus.csv",
        _csv(
            "Id,FullName,Email,TariffName,AccessCardId,Active,RegistrationDate,CancellationDate\n"
            "9001,Ann Lee,ann@example.org,Resident,04a224b2c31990,True,2026-01-05T10:00:00Z,\n"
            "9002,Bob Roy,bob@example.org,Nomad,04a224b2c31991,False,2026-02-05T10:00:00Z,"
            "2026-12-31\n"
        ),
        (
            A._replace(ref="9001", badges=1),
            B._replace(ref="9002", badges=1, status="suspended", until="2026-12-31"),
        ),
        ignored=("RegistrationDate",),
    ),
    ListFile(
        "cobot.csv",
        _csv(
            "Name,Company,Address,Email,Plan Name,Start Date,Next Invoice Date,Membership Number\n"
            "Ann Lee,Lee Ltd,1 Road,ann@example.org,Resident,2026-01-01,2026-12-01,11\n"
            "Bob Roy,,2 Road,bob@example.org,Nomad,2026-02-01,2026-12-01,12\n"
        ),
        (A._replace(ref="11"), B._replace(ref="12")),
        ignored=("Company", "Next Invoice Date"),
    ),
    ListFile(
        "cobot-english-days.csv",
        _csv(
            "Name,Email,Plan Name,Start Date,Canceled to\n"
            "Ann Lee,ann@example.org,Resident,03/11/2026,\n"
            "Bob Roy,bob@example.org,Nomad,04/11/2026,05/12/2026\n"
        ),
        (A, B._replace(until="2026-12-05")),
        questions=1,
        answers={"file": {"dates": "day-first"}},
    ),
    ListFile(
        "odoo.xlsx",
        _xlsx(
            ["External ID", "Display Name", "Email", "Membership", "Membership End Date", "Tags"],
            ["res_partner_1", "Ann Lee", "ann@example.org", "Resident", date(2026, 12, 31), "x"],
            ["res_partner_2", "Bob Roy", "bob@example.org", "Nomad", None, None],
        ),
        (A._replace(ref="res_partner_1", until="2026-12-31"), B._replace(ref="res_partner_2")),
        ignored=("Tags",),
    ),
    ListFile(
        "odoo-french.xlsx",
        _xlsx(
            ["ID externe", "Nom affiché", "Courriel", "Abonnement", "Échéance"],
            ["p1", "Ann Lee", "ann@example.org", "Résident", 46387],
            ["p2", "Bob Roy", "bob@example.org", "Nomade", ""],
        ),
        (A._replace(ref="p1", until="2026-12-31"), B._replace(ref="p2")),
    ),
    ListFile(
        "galette.csv",
        _csv(
            '"Identifiant";"Nom";"Prénom";"Adresse électronique";"Statut membre";'
            '"Date d\'échéance"\n'
            '"1001";"Lee";"Ann";"ann@example.org";"Résident";"31/12/2026"\n'
            '"1002";"Roy";"Bob";"bob@example.org";"Nomade";"30/06/2027"\n'
        ),
        (
            A._replace(ref="1001", until="2026-12-31"),
            B._replace(ref="1002", until="2027-06-30"),
        ),
    ),
    ListFile(
        "assoconnect.xlsx",
        _xlsx(
            ["ID du Contact", "Nom", "Prénom", "Email", "Formule d'adhésion", "Date de fin"],
            [1, "Lee", "Ann", "ann@example.org", "Résident", "31/08/2027"],
            [2, "Roy", "Bob", "bob@example.org", "Nomade", "31/08/2027"],
        ),
        (A._replace(until="2027-08-31"), B._replace(until="2027-08-31")),
        ignored=("ID du Contact",),
    ),
    ListFile(
        "plain-excel.csv",
        _csv(
            "Nom;Prénom;Formule;Laser;Fin d'adhésion;;\n"
            "Lee;Ann;Résident;oui;3 nov. 2026;;\nRoy;Bob;Nomade;non;1er janvier 2027;;\n"
            ";;;;;;\nTotal;2;;;;;\n",
            "cp1252",
        ),
        (A._replace(until="2026-11-03", trainings=("laser",)), B._replace(until="2027-01-01")),
    ),
    ListFile(
        "sep-line.csv",
        _csv("sep=;\r\nref;nom;formule\r\nM-1;Ann Lee;resident\r\nM-2;Bob Roy;nomad\r\n"),
        (A._replace(ref="M-1"), B._replace(ref="M-2")),
    ),
    ListFile(
        "title-above.csv",
        _csv(
            "Liste des adhérents 2026;;;\nmise à jour le 3 nov. 2026;;;\n;;;\n"
            "N° d'adhérent;Nom;Prénom;Formule\nA1;Lee;Ann;Résident\nA2;Roy;Bob;Nomade\n"
            "Nombre d'adhérents : 2;;;\n",
            "utf-8-sig",
        ),
        (A._replace(ref="A1"), B._replace(ref="A2")),
    ),
    ListFile(
        "hidden-sheet.xlsx",
        _xlsx(["ref", "name", "plan"], ["M-1", *ANN], ["M-2", *BOB], before=_hidden),
        (A._replace(ref="M-1"), B._replace(ref="M-2")),
    ),
    ListFile(
        "chart-sheet.xlsx",
        _xlsx(["ref", "name", "plan"], ["M-1", *ANN], ["M-2", *BOB], before=_chart),
        (A, B),
    ),
    ListFile(
        "notes-first.xlsx",
        _xlsx(["ref", "name", "plan"], ["M-1", *ANN], ["M-2", *BOB], before=_notes),
        (A, B),
    ),
    ListFile(
        "two-years.xlsx",
        _xlsx(["ref", "name", "plan"], ["M-1", *ANN], ["M-2", *BOB], before=_two_years),
        (A, B),
        questions=1,
        answers={"file": {"sheet": "Members"}},
    ),
    ListFile(
        "merged.xlsx",
        _xlsx(
            ["Adhérents 2026", None, None, None],
            ["Nom complet", "Formule", "N° badge", "Actif"],
            ["Ann Lee", "Résident", "04a224b2c31990", "oui"],
            [None, None, "04a224b2c31992", None],
            ["Bob Roy", "Nomade", None, "non"],
            before=_merged,
        ),
        (A._replace(badges=2), B._replace(status="suspended")),
    ),
    ListFile(
        "badges-repeated.csv",
        _csv(
            "Matricule,Nom et prénom,Abonnement,Badge RFID\n"
            "1,Ann Lee,Résident,04:A2:24:B2:C3:19:90\n1,Ann Lee,Résident,04:A2:24:B2:C3:19:92\n"
            "2,Bob Roy,Nomade,\n"
        ),
        (A._replace(badges=2, ref="1"), B._replace(ref="2")),
    ),
    ListFile(
        "badges-in-columns.csv",
        _csv(
            "Membership ID,Name,Membership Type,Badge 1,Badge 2\n"
            'X1,Ann Lee,Resident,04a224b2c31990,"04a224b2c31992"\nX2,Bob Roy,Nomad,,\n'
        ),
        (A._replace(badges=2), B),
    ),
    ListFile(
        "badges-decimal.csv",
        _csv(
            "N° adhérent;Nom complet;Formule;N° de badge\n"
            "1;Ann Lee;Résident;0012345678\n2;Bob Roy;Nomade;0012345679, 0012345680\n"
        ),
        (A._replace(badges=1), B._replace(badges=2)),
        questions=1,
        answers=FORMATS,
    ),
    ListFile(
        "addresses.csv",
        _csv(
            "Full name,E-mail,Plan,Paid\n"
            "Ann Lee,Ann <ann@example.org>,Resident,yes\n"
            "Bob Roy,mailto:bob@example.org,Nomad,no\n"
        ),
        (
            A._replace(email="ann@example.org", ref="ann@example.org"),
            B._replace(email="bob@example.org", status="unpaid"),
        ),
    ),
    ListFile(
        "tabs-utf16.txt",
        _csv("Nom\tPrénom\tFormule\nLee\tAnn\tRésident\nRoy\tBob\tNomade\n", "utf-16"),
        (A, B),
    ),
    ListFile(
        "trainings-listed.csv",
        _csv(
            "Réf;Nom complet;Formule;Habilitations;Statut\n".replace("Réf", "Référence")
            + "1;Ann Lee;Résident;Découpe laser;à jour\n2;Bob Roy;Nomade;;impayée\n"
        ),
        (A._replace(trainings=("laser",)), B._replace(status="unpaid")),
    ),
    ListFile(
        "words-of-their-own.csv",
        _csv(
            "Référence,Nom complet,Formule\n"
            "1,Ann Lee,Permanent bureau fixe\n2,Bob Roy,Occasionnel\n"
        ),
        (A, B),
        questions=2,
        answers={"plan": {"Permanent bureau fixe": "resident", "Occasionnel": "nomad"}},
    ),
    ListFile(
        "american-days.csv",
        _csv(
            "Member ID,First Name,Last Name,Plan,Expiration Date\n"
            "1,Ann,Lee,Resident,12/31/2026\n2,Bob,Roy,Nomad,06/05/2027\n"
        ),
        (A._replace(until="2026-12-31"), B._replace(until="2027-06-05")),
    ),
    ListFile(
        "wild-apricot.csv",
        _csv(
            "Member ID,First name,Last name,Organization,Email,Membership level,Membership status,"
            "Member since,Renewal due\n"
            "55,Ann,Lee,,ann@example.org,Resident,Active,05 Jan 2026,05 Jan 2027\n"
            "56,Bob,Roy,,bob@example.org,Nomad,Overdue,06 Feb 2026,06 Feb 2027\n"
        ),
        (A._replace(ref="55"), B._replace(ref="56", status="unpaid")),
        ignored=("Organization", "Renewal due"),
    ),
    ListFile(
        "wild-apricot-contacts.csv",
        _csv(
            "User ID,First name,Last name,Email,Membership level,Membership status,Renewal due\n"
            "71802345,Ann,Lee,ann@example.org,Resident,Active,2027-01-05\n"
            "71802346,Bob,Roy,bob@example.org,Nomad,Lapsed,2026-02-06\n"
        ),
        (A._replace(ref="71802345"), B._replace(ref="71802346", status="suspended")),
        ignored=("Renewal due",),
    ),
    ListFile(
        "helloasso-tickets.csv",
        _csv(
            "Référence commande;Date de la commande;Statut de la commande;Nom participant;"
            "Prénom participant;Nom payeur;Prénom payeur;Email payeur;Tarif\n"
            "301;03/11/2026 14:25;Validé;Lee;Ann;Moss;Cleo;ann@example.org;Résident\n"
            "302;04/11/2026 09:12;Validé;Roy;Bob;Moss;Cleo;bob@example.org;Nomade\n"
        ),
        (A._replace(ref="ann@example.org"), B._replace(ref="bob@example.org")),
        ignored=("Nom payeur", "Prénom payeur"),
    ),
    ListFile(
        "weezevent-like.csv",
        _csv(
            "N°;Prénom NOM;Mél;Type d'adhésion;À jour de cotisation;Valable jusqu'au (JJ/MM/AAAA)\n"
            "12;Ann Lee;ann@example.org;Résident;Oui;31/12/26\n"
            "15;Bob Roy;bob@example.org;Nomade;Non;illimité\n"
        ),
        (A._replace(ref="12", until="2026-12-31"), B._replace(ref="15", status="unpaid")),
    ),
    ListFile(
        "lines-numbered.csv",
        _csv(
            "N°;Nom;Prénom;Courriel;Formule\n1;Lee;Ann;ann@example.org;Résident\n"
            "2;Roy;Bob;bob@example.org;Nomade\n"
        ),
        (A._replace(ref="ann@example.org"), B._replace(ref="bob@example.org")),
    ),
)
"""Of several kinds; `questions` is the most that a list may ask."""


if __name__ == "__main__":
    for each in LISTS:
        (Path(sys.argv[1]) / each.name).write_bytes(each.content)

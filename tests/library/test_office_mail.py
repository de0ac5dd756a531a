"""The library's office mail: the right invoice to the right address, and every way to send the wrong one."""

import pytest

from trpg_env.testing import play

SCRIPT = "office-mail"
BUYER = "billing@meadowgold.example"

ASKED = ["read request"]
ATTACH = ["open folder documents", "view invoice-214b", "attach invoice-214b"]
WRITE = [
    "read request",
    "open folder documents",
    "view invoice-214b",
    "begin a draft",
    "attach invoice-214b",
    f"address draft to {BUYER}",
    "title draft Invoice 214, corrected",
]
NOT_ASKED_FOR = "An answer comes at once. This is not what was asked for."
BY_NAME = "You would be choosing by the name alone. Look into the invoices, so that you know which of them is right."
SEND_AND_FILE = [
    "send the draft",
    "open folder inbox",
    "read the receipt",
    "file receipt",
    "file the request",
]


def test_the_corrected_invoice_brings_a_receipt_and_both_letters_are_filed() -> None:
    steps = play(SCRIPT, [*WRITE, *SEND_AND_FILE])
    assert [step.error for step in steps] == [None] * len(steps)
    assert [step.action for step in steps if step.reward] == [
        "begin a draft",
        "attach invoice-214b",
        f"address draft to {BUYER}",
        "send the draft",
        "file receipt",
        "file the request",
    ]
    assert [step.reward for step in steps if step.reward] == pytest.approx([1 / 6] * 6)
    assert [step.success for step in steps] == [False] * (len(steps) - 1) + [True]
    assert steps[-1].terminated
    assert [steps[-1].state[m]["at"] for m in ("request", "receipt", "newsletter", "draft")] == [
        "archive",
        "archive",
        "inbox",
        "sent",
    ]


def test_the_order_of_writing_and_filing_is_free() -> None:
    steps = play(
        SCRIPT,
        [
            "read the request",
            "file request",
            "new draft",
            "title draft Correction of no. 214",
            f"address draft to {BUYER}",
            "open folder documents",
            "view invoice-214",
            "view invoice-214b",
            "attach the invoice-214b",
            "open folder inbox",
            "send draft",
            "file receipt",
        ],
    )
    assert [step.error for step in steps] == [None] * 12
    assert steps[-1].success


@pytest.mark.parametrize(
    ("before", "wrong", "error", "message", "correction"),
    [
        pytest.param(
            ["open folder archive"],
            "open folder sent",
            "place",
            "From archive you can switch to inbox.",
            ["open folder inbox", "open folder sent"],
            id="no way between folders",
        ),
        pytest.param(
            [*ASKED, "begin draft"],
            "attach invoice-214b",
            "place",
            "Files are attached in the documents folder; you are in inbox.",
            ["open folder documents", "view invoice-214b", "attach invoice-214b"],
            id="wrong place",
        ),
        pytest.param(
            ["open folder archive"],
            "file request",
            "place",
            "You file messages from the inbox, and you are in archive.",
            ["open folder inbox", "file request"],
            id="filed from elsewhere",
        ),
        pytest.param(
            [*ASKED, "open folder documents", "view invoice-214b"],
            "attach invoice-214b",
            "logic",
            "There is no draft to attach anything to. Begin one first.",
            ["begin draft", "attach invoice-214b"],
            id="wrong order",
        ),
        pytest.param(
            [*ASKED, "begin draft", f"address draft to {BUYER}"],
            "send draft",
            "logic",
            "The draft has no subject.",
            ["title draft 214", *ATTACH, "send draft"],
            id="no subject",
        ),
        pytest.param(
            [*ASKED, "begin draft", f"address draft to {BUYER}", "title draft 214"],
            "send draft",
            "logic",
            "The draft has no attachment, though its text promises one.",
            [*ATTACH, "send draft"],
            id="no attachment",
        ),
        pytest.param(
            ["read newsletter"],
            "file newsletter",
            "logic",
            "The archive is for letters that have to do with money. The newsletter can stay where it is.",
            ["file request"],
            id="not worth filing",
        ),
        pytest.param(
            [*ASKED, "begin draft"],
            "read receipt",
            "logic",
            "There is no receipt as yet.",
            ["read draft"],
            id="no receipt yet",
        ),
        pytest.param(
            [*ASKED, "begin draft"],
            "open folder drafts",
            "parameter",
            '"drafts" is not a valid folder for "open folder {folder}". '
            "Valid: inbox, archive, documents, contacts, sent.",
            ["open folder documents"],
            id="wrong parameter",
        ),
        pytest.param(
            [*ASKED, "begin draft"],
            "address draft to Ruta",
            "parameter",
            "An e-mail address has an @ in it.",
            [f"address draft to {BUYER}"],
            id="the check's refusal of a name",
        ),
        pytest.param(
            [*ASKED, "begin draft"],
            f"address draft to Ruta <{BUYER}>",
            "parameter",
            "Write one plain address in small letters, like name@place.example, without blanks or a full name.",
            [f"address draft to {BUYER}"],
            id="the check's refusal of a full name",
        ),
        pytest.param(
            [*ASKED, "begin draft"],
            "address draft to billing@meadowgold",
            "parameter",
            "Write one plain address in small letters, like name@place.example, without blanks or a full name.",
            [f"address draft to {BUYER}"],
            id="the check's refusal of half an address",
        ),
        pytest.param(
            [*ASKED, "begin draft"],
            f"address draft to {BUYER.upper()}",
            "parameter",
            "Write one plain address in small letters, like name@place.example, without blanks or a full name.",
            [f"address draft to {BUYER}"],
            id="the check's refusal of capitals",
        ),
        pytest.param(
            [*WRITE, "send draft"],
            "begin draft",
            "logic",
            "Your mail has gone out; there is no other to write.",
            ["open folder inbox", "file receipt"],
            id="no second mail",
        ),
    ],
)
def test_a_wrong_turn_is_explained_changes_nothing_and_can_be_put_right(
    before: list[str], wrong: str, error: str, message: str, correction: list[str]
) -> None:
    steps = play(SCRIPT, [*before, wrong, *correction])
    last, refused = steps[len(before) - 1], steps[len(before)]
    assert (refused.error, refused.message) == (error, message)
    assert (refused.state, refused.progress) == (last.state, last.progress)
    assert [step.error for step in steps[len(before) + 1 :]] == [None] * len(correction)


def test_the_receipt_comes_in_with_the_right_mail() -> None:
    *_, before, sent, opened = play(SCRIPT, [*WRITE, *SEND_AND_FILE[:2]])
    assert before.state["receipt"]["at"] is None
    assert sent.observation.splitlines() == [
        f"Off it goes to {BUYER}.",
        "The machine chimes. A receipt has come into the inbox.",
    ]
    assert "Messages: request, newsletter and receipt." in opened.observation


def test_a_draft_shows_what_it_will_be_and_can_be_mended() -> None:
    steps = play(
        SCRIPT,
        [
            *WRITE,
            "attach members-list",
            "read draft",
            "detach members-list",
            "title draft 214 corrected",
            "read draft",
        ],
    )
    letter = "From you: Please find enclosed what you asked for."
    assert steps[-4].observation == (
        f"{letter} To: {BUYER}. Subject: Invoice 214, corrected. Attached: invoice-214b and members-list."
    )
    assert steps[-1].observation == f"{letter} To: {BUYER}. Subject: 214 corrected. Attached: invoice-214b."
    assert steps[-1].state["members-list"]["at"] == "documents"


def test_the_address_book_knows_Ruta_and_warns_that_she_does_not_pay() -> None:
    card = play(SCRIPT, ["open folder contacts", "view ruta"])[-1]
    assert card.observation == "ruta@meadowgold.example. Buys, does not pay."


@pytest.mark.parametrize(
    ("files", "address", "subject", "answer"),
    [
        pytest.param(
            ["members-list", "invoice-214b"],
            BUYER,
            "Invoice 214",
            "The members' list is out of the house and cannot be called back.",
            id="the members' list goes along",
        ),
        pytest.param(["invoice-214"], BUYER, "Invoice 214", NOT_ASKED_FOR, id="the wrong invoice"),
        pytest.param(
            ["invoice-214", "invoice-214b"], BUYER, "Invoice 214", NOT_ASKED_FOR, id="both invoices"
        ),
        pytest.param(
            ["invoice-214b"], "ruta@meadowgold.example", "Invoice 214", NOT_ASKED_FOR, id="the wrong address"
        ),
        pytest.param(["invoice-214b"], BUYER, "Honey", NOT_ASKED_FOR, id="no number in the subject"),
    ],
)
def test_a_wrong_mail_loses_and_is_answered_accordingly(
    files: list[str], address: str, subject: str, answer: str
) -> None:
    steps = play(
        SCRIPT,
        [
            *ASKED,
            "begin draft",
            "open folder documents",
            "view invoice-214b",
            *(f"attach {file}" for file in files),
            f"address draft to {address}",
            f"title draft {subject}",
            "send draft",
        ],
    )
    assert [step.error for step in steps] == [None] * len(steps)
    assert [step.terminated for step in steps] == [False] * (len(steps) - 1) + [True]
    lost = steps[-1]
    assert (lost.success, lost.reward) == (False, 0)
    assert lost.observation.splitlines() == [f"Off it goes to {address}.", answer]
    assert [lost.state[file]["at"] for file in files] == ["draft"] * len(files)
    assert (lost.state["draft"]["at"], lost.state["receipt"]["at"]) == ("sent", None)


def test_further_refusals_say_what_is_missing() -> None:
    actions = [
        "read draft",
        "send draft",
        "title draft 214",
        "address draft to ruta@meadowgold.example",
        "file receipt",
        "detach invoice-214",
        "view Ruta",
        "start a draft",
        "read the request",
        "begin draft",
        "new draft",
        "send the draft",
        "title draft 7",
        "title the draft 7",
        "address draft to audit@hiveledger.example",
        "address draft to  audit@hiveledger.example",
        "open folder documents",
        "attach  invoice-214",
        "view invoice-214",
        "attach the  invoice-214",
        "view invoice-214b",
        "attach invoice-214",
        "attach the invoice-214",
        "read request",
    ]
    steps = play(SCRIPT, actions)
    assert {step.action: (step.error, step.message) for step in steps if step.error} == {
        "read draft": ("logic", "There is no draft as yet."),
        "send draft": ("logic", "There is no draft to send."),
        "title draft 214": ("logic", "There is no draft to give a subject. Begin one first."),
        "address draft to ruta@meadowgold.example": (
            "logic",
            "There is no draft to address. Begin one first.",
        ),
        "file receipt": ("logic", "There is no receipt in the inbox."),
        "detach invoice-214": ("logic", "invoice-214 is not attached. Attached: nothing."),
        "view Ruta": ("place", "Ruta is not in inbox."),
        "start a draft": (
            "logic",
            "You would not know what to write, or to whom. First find out what is wanted.",
        ),
        "attach  invoice-214": ("logic", BY_NAME),
        "attach the  invoice-214": ("logic", BY_NAME),
        "new draft": ("logic", "There is a draft already; send it before you begin another."),
        "send the draft": ("logic", "The draft has no recipient."),
        "title the draft 7": ("logic", "That is the subject already."),
        "address draft to  audit@hiveledger.example": (
            "logic",
            "The draft is addressed to audit@hiveledger.example already.",
        ),
        "attach the invoice-214": ("logic", "invoice-214 is attached already."),
        "read request": ("place", "The request is not in documents."),
    }

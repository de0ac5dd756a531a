from trpg_env.script.names import fold


def test_case_blanks_underscores_and_ways_to_write_an_accent_make_no_difference() -> None:
    assert fold("  Caf\u00e9_Noir ") == fold("cafe\u0301  noir") == "caf\u00e9 noir"


def test_a_name_with_very_many_marks_is_left_as_it_is_since_putting_them_in_order_takes_for_ever() -> None:
    marks = "a" + "\u0301\u0316" * 100_000
    assert fold(marks) == marks

"""What names of operations say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.general.effect import Effect
from rules.general.names.lexicon import PREFIXES
from rules.general.names.naming import effect_of, effect_within

FIRST: dict[str, Effect | None] = {
    "DescribeInstances": Effect.READ,
    "BatchGetItem": Effect.READ,
    "batchget": Effect.READ,
    "getmembergroups": Effect.READ,
    "list-rules": Effect.READ,
    "BatchDeleteItem": Effect.DELETION,
    "permanentDelete": Effect.DELETION,
    "tentativelyaccept": None,
    "sendMail": Effect.COMMUNICATION,
    "sendmail": Effect.COMMUNICATION,
    "payBill": Effect.FINANCIAL,
    "createPaymentLink": Effect.FINANCIAL,
    "updateRolePolicy": Effect.PRIVILEGE,
    "GetClusterCredentials": Effect.PRIVILEGE,
    "createItem": Effect.CHANGE,
    "TagResource": Effect.REVERSIBLE,
    "AddTagsToResource": Effect.REVERSIBLE,
    "DeleteTags": Effect.REVERSIBLE,
    "CreateTagOption": Effect.CHANGE,
    "delete_label": Effect.DELETION,
    "add_label": Effect.REVERSIBLE,
    "label_node": Effect.CHANGE,
    "mute_monitor": Effect.CHANGE,
    "mute_thread": Effect.REVERSIBLE,
    "tag_user": Effect.CHANGE,
    "set_reaction": Effect.REVERSIBLE,
    "setreaction": Effect.REVERSIBLE,
    "mark_read": Effect.REVERSIBLE,
    "mark_invoice_paid": Effect.CHANGE,
    "change_pin": Effect.CHANGE,
    "find_or_create": Effect.CHANGE,
    "get_and_delete": Effect.DELETION,
    "list_create": Effect.CHANGE,
    "query_execute": Effect.DEPLOYMENT,
    "frobnicate": None,
    "findings": None,
    "checkout": Effect.FINANCIAL,
    "listings": None,
    "gettext": Effect.READ,
    "evaluations": None,
    "accounts": None,
    "runReport": Effect.READ,
    "batchRunReports": Effect.READ,
    "runAggregationQuery": Effect.READ,
    "runJob": Effect.DEPLOYMENT,
    "run-report": Effect.DEPLOYMENT,
    "runAndReport": Effect.DEPLOYMENT,
    "testIamPermissions": Effect.READ,
    "testWebhook": None,
    "computeRoutes": Effect.READ,
    "compute-instances": None,
    "exchangeToken": Effect.PRIVILEGE,
    "placeOrder": Effect.FINANCIAL,
    "CheckOut": Effect.FINANCIAL,
    "check_in": Effect.CHANGE,
    "check_outages": Effect.READ,
    "shutDown": Effect.CHANGE,
    "look_up_user": Effect.READ,
    "lookUp": Effect.READ,
    "": None,
    "batch": None,
}


@pytest.mark.parametrize("name", FIRST)
def test_names_that_begin_with_a_verb(name: str) -> None:
    """The verb decides, together with what it acts on and what is done besides."""
    assert effect_of(name) is FIRST[name]


WITHIN: dict[str, Effect | None] = {
    "orderCancel": Effect.FINANCIAL,
    "note_update": Effect.CHANGE,
    "cart_check_out": Effect.FINANCIAL,
    "search_in_files": Effect.READ,
    "GmailReadEmail": Effect.READ,
    "get_users_in_channel": Effect.READ,
    "email_search": Effect.READ,
    "email_send": Effect.COMMUNICATION,
    "VenmoWithdrawMoney": Effect.FINANCIAL,
    "SmartLockGrantGuestAccess": Effect.PRIVILEGE,
    "list_delete": Effect.DELETION,
    "GoogleSearchAndDelete": Effect.DELETION,
    "star_repository": Effect.REVERSIBLE,
    "browser": None,
    "compute_vm_delete": Effect.DELETION,
    "search_index_delete": Effect.DELETION,
    "deploy_plan_get": Effect.READ,
    "order_status": Effect.READ,
    "queue_details": Effect.READ,
    "git_log": None,
    "tweet_it": Effect.COMMUNICATION,
    "mark_as_read": Effect.REVERSIBLE,
    "send_email_list": Effect.COMMUNICATION,
    "email_summary": Effect.COMMUNICATION,
}


@pytest.mark.parametrize("name", WITHIN)
def test_names_that_begin_with_a_product(name: str) -> None:
    """The first verb anywhere decides; a noun before it does not."""
    assert effect_within(name) is WITHIN[name]


@given(st.text(max_size=60))
def test_any_name(name: str) -> None:
    """Whatever the name is, it says something or nothing."""
    assert effect_of(name) in (None, *Effect)
    assert effect_within(name) in (None, *Effect)


@given(st.sampled_from(["get", "list", "search", "tag"]), st.sampled_from(["and", "or", "then"]))
def test_what_is_done_besides_never_lowers(verb: str, joint: str) -> None:
    """A second verb only adds."""
    for second in ("delete", "send", "pay", "get"):
        whole, part = effect_of(f"{verb}_item_{joint}_{second}_it"), effect_of(f"{verb}_item")
        assert whole is not None
        assert part is not None
        assert whole.gravity >= part.gravity


def test_prefixes_are_told_apart() -> None:
    """None begins another one, so a name has at most one of them."""
    assert not [(one, other) for one in PREFIXES for other in PREFIXES - {one} if other.startswith(one)]

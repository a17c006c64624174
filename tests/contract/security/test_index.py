"""The security checks, each with the tests that hold it.

 1. The embedded server listens on the loopback device only, on a random port.
 2. A bind that others reach, without TLS and tokens, refuses to start; a proxy may stand before it.
 3. Exactly one `Host` header, of a list, for HTTP and WebSockets.
 4. `Origin` of a WebSocket: none is allowed, a foreign one is refused.
 5. The bearer token travels in a header only, never in an address.
 6. No cookies; bodies must be declared as JSON, or as the upload's type.
 7. No CORS.
 8. Tokens have 256 bits from the system's generator.
 9. Secret files: made exclusively, 0600, in a folder of 0700.
10. Tokens are kept hashed, and compared in constant time.
11. Revoking closes open feeds and running downloads.
12. One authentication for every route and the WebSocket.
13. Rights on each object, for two people.
14. Rights are decided by the routed path.
15. A pinned certificate that changed is refused.
16. Bounds of bodies, heads and frames, and of patience.
17. Floods of ranges and parts stay bounded.
18. Quotas of jobs, bytes, connections and wrong tokens.
19. The DuckDB jail: nothing outside is read or written.
20. PostgreSQL: read-only where asked, and a role that can do no harm.
21. What a statement is guides retries and warnings, and is never the wall.
22. Names of results and uploads are the server's; paths stay inside.
23. CSV and XLSX exports escape formulas.
24. Secrets never appear in logs, errors, events, reports, plans.
25. Celery: JSON only, unknown tasks refused; a worker token does a worker's calls and nothing else.
26. Dependencies are audited; documents and metrics are not public.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).resolve().parents[2]
CHECKS: Final[dict[int, tuple[str, ...]]] = {
    1: ("contract/test_host_and_origin.py::test_it_listens_on_the_loopback_device_alone",),
    2: (
        "contract/security/test_tls.py::test_it_is_open_to_others_only_with_tls_and_tokens",
        "integration/test_command_line.py::test_beyond_this_machine_only_with_tls_or_a_proxy",
    ),
    3: (
        "contract/test_host_and_origin.py::test_not_exactly_one_host_of_ours",
        "unit/server/test_security.py::test_a_loopback_server_answers_to_no_other",
    ),
    4: (
        "contract/test_host_and_origin.py::test_a_page_of_another_origin",
        "contract/test_host_and_origin.py::test_our_own_origin_or_none",
    ),
    5: (
        "contract/test_openapi.py::test_no_token_is_ever_part_of_an_address",
        "contract/security/test_tokens.py::test_a_token_in_an_address_or_a_cookie_opens_nothing",
    ),
    6: (
        "contract/security/test_tokens.py::test_a_token_in_an_address_or_a_cookie_opens_nothing",
        "contract/test_problems.py::test_a_body_must_be_declared_as_json",
    ),
    7: ("contract/security/test_tokens.py::test_no_other_page_is_let_read_an_answer",),
    8: (
        "unit/server/test_security.py::test_tokens_are_of_256_bits_and_never_the_same",
        "unit/server/test_security.py::test_named_tokens_are_found_by_their_prefix",
    ),
    9: (
        "integration/test_host.py::test_others_cannot_read_its_files",
        "contract/security/test_tls.py::test_the_key_is_for_its_owner_alone",
        "contract/security/test_tls.py::test_no_link_is_followed",
    ),
    10: (
        "contract/security/test_tokens.py::test_the_data_folder_holds_no_token",
        "unit/server/test_security.py::test_a_checker_keeps_no_token",
        "unit/server/test_security.py::test_tokens_are_compared_in_constant_time",
    ),
    11: (
        "contract/test_rights.py::test_revoking_closes_feeds_at_once",
        "contract/test_rights.py::test_revoking_cuts_running_downloads",
        "contract/test_rights.py::test_a_token_that_expires_ends_its_feed",
    ),
    12: (
        "contract/test_problems.py::test_every_route_but_health_requires_the_token",
        "contract/test_rights.py::test_every_route_has_its_place_in_the_table_and_in_this_test",
    ),
    13: (
        "contract/test_rights.py::test_every_route_for_everybody",
        "contract/test_rights.py::test_lists_counts_and_exports_hold_what_may_be_seen",
        "contract/test_rights.py::test_bulk_touches_only_what_the_asker_may_touch",
        "contract/test_rights.py::test_the_feed_tells_of_a_job_to_those_who_may_see_it",
        "contract/test_rights.py::test_changes_tell_what_the_feed_would",
    ),
    14: ("contract/security/test_tokens.py::test_rights_go_by_the_route_that_is_reached",),
    15: (
        "contract/security/test_tls.py::test_another_certificate_than_the_pinned_one_is_refused",
        "gui/test_servers.py::test_a_certificate_is_trusted_once_and_for_itself",
    ),
    16: (
        "contract/test_problems.py::test_ten_megabytes_of_sql_are_too_large_declared_or_not",
        "contract/test_feed.py::test_a_frame_of_two_megabytes_is_cut_off",
        "contract/security/test_fuzzed_frames.py::test_what_a_server_is_sent",
        "contract/security/test_limits.py::test_heads_that_are_too_large",
        "contract/security/test_limits.py::test_heads_that_come_too_slowly",
        "contract/security/test_limits.py::test_bodies_that_come_too_slowly",
    ),
    17: ("contract/security/test_limits.py::test_floods_of_ranges_and_parts",),
    18: (
        "contract/security/test_limits.py::test_wrong_tokens_are_counted_and_right_ones_let_in",
        "contract/security/test_limits.py::test_feeds_of_one_person_and_in_all",
        "contract/security/test_limits.py::test_jobs_that_wait",
        "contract/security/test_quotas.py::test_what_one_person_may_keep",
        "contract/security/test_quotas.py::test_what_all_may_keep",
        "integration/test_sources.py::test_uploads_have_a_limit_and_leave_nothing",
        "integration/test_exports.py::test_too_many_at_once_are_told_to_wait",
    ),
    19: (
        "contract/engines/test_jail.py::test_nothing_outside_is_read",
        "contract/engines/test_jail.py::test_nothing_is_written",
        "contract/engines/test_jail.py::test_no_setting_changes",
        "contract/engines/test_jail.py::test_the_kernel_keeps_a_confined_process_from_writing",
    ),
    20: (
        "contract/engines/test_postgres_jail.py::test_what_is_refused_before_the_server_sees_it",
        "contract/engines/test_postgres_jail.py::test_what_a_transaction_that_only_reads_refuses",
        "contract/engines/test_postgres_jail.py::test_what_no_word_tells_is_the_roles_to_refuse",
    ),
    21: (
        "contract/engines/test_statements.py::test_all_else_counts_as_writing",
        "contract/engines/test_postgres_jail.py::test_what_only_looks_hostile_is_run",
    ),
    22: (
        "integration/test_sources.py::test_a_server_for_others_lets_name_only_what_it_is_told",
        "integration/test_sources.py::test_links_that_lead_in_circles_or_out",
        "contract/security/test_tokens.py::test_no_id_leads_out_of_its_folder",
        "faults/test_fuzzed_files.py::test_a_harmed_result",
    ),
    23: (
        "integration/test_exports.py::test_standard_output_and_formulas",
        "unit/results/test_writers.py::test_no_text_in_csv_is_a_formula",
    ),
    24: (
        "contract/test_problems.py::test_no_token_in_logs_or_answers",
        "integration/test_sources.py::test_secrets_stay_secret",
        "contract/test_rights.py::test_what_an_admin_does_is_in_the_audit_log_and_no_secret_is",
        "contract/security/test_tokens.py::test_the_data_folder_holds_no_token",
    ),
    25: (
        "contract/test_rights.py::test_every_route_for_everybody",
        "unit/server/test_broker.py::test_nothing_but_json_and_no_way_to_control_workers",
        "faults/test_workers.py::test_what_is_no_hint_is_left_alone",
        "integration/test_brokers.py::test_a_password",
        "integration/test_brokers.py::test_tls_of_a_signer_of_ones_own",
        "contract/security/test_fuzzed_routes.py::test_what_a_worker_says_of_its_result",
    ),
    26: (
        "contract/test_openapi.py::test_the_document_itself_is_not_public",
        "architecture/test_audit.py::test_a_vulnerable_pin_fails_the_check",
        "architecture/test_audit.py::test_what_it_says_is_judged",
    ),
}


def test_every_check_has_its_tests() -> None:
    assert list(CHECKS) == list(range(1, 27))


@pytest.mark.parametrize("number", CHECKS)
def test_they_are_there(number: int) -> None:
    for one in CHECKS[number]:
        file, _, name = one.partition("::")
        tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
        names = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name in names, one

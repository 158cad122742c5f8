"""The set-based statements that fill a workspace: each for a range of buckets, on SQLite and PostgreSQL, in the order of the clustered keys."""

from __future__ import annotations

# Nights and weekends are quiet: part of what would fall there happens later that morning, or before the weekend.
SQLITE = {"json": "", "as_json": "", "salt": "randomblob(16)"}
POSTGRESQL = {"json": "CAST", "as_json": " AS jsonb", "salt": "decode(md5(random()::text), 'hex')"}
"""How each database says what the other says differently."""

EVENTS_SQL = """
INSERT INTO people_event (bucket, person_id, seq, workspace_id, name, ts, received_at, source, purpose, properties, dedupe)
SELECT bucket, person_id, seq, %(workspace)s,
  CASE WHEN seq = 1 THEN 'signed_up' WHEN r < 45 THEN 'logged_in' WHEN r < 75 THEN 'note_created' WHEN r < 83 THEN 'note_shared'
       WHEN r < 90 THEN 'search_made' WHEN r < 95 THEN 'teammate_invited' WHEN r < 98 THEN 'invoice_paid' ELSE 'trial_expiring' END,
  ts, ts + 40 + r, CASE WHEN r %% 2 = 0 THEN 'segment' ELSE 'vero' END, 'service',
  {json}(CASE WHEN seq = 1 THEN '{{"plan":"team","source":"search"}}' WHEN r < 45 THEN '{{"device":"web","visit":' || CAST(h %% 9973 AS text) || '}}'
       WHEN r < 83 THEN '{{"words":' || CAST(5 + (h + seq * 37) %% 900 AS text) || ',"shared":false}}' WHEN r < 90 THEN '{{"results":' || CAST(r AS text) || '}}'
       WHEN r < 95 THEN '{{"role":"editor"}}' WHEN r < 98 THEN '{{"amount":19,"plan":"team"}}' ELSE '{{"notes":12,"days_left":3}}' END{as_json}), NULL
FROM (SELECT bucket, person_id, seq, h, r,
        CASE WHEN even / {hour} %% 24 < 6 AND r %% 4 > 0 AND even < %(now)s - 10 * {hour} THEN even + 9 * {hour}
             WHEN (even / {day} + 3) %% 7 > 4 AND r %% 2 = 0 AND even > since + 3 * {day} THEN even - 2 * {day} ELSE even END AS ts
      FROM (SELECT bucket, person_id, seq, h, r, since, since + (%(now)s - since) * (seq * 1000 - (h + seq * 37) %% 1000) / (total * 1000) AS even
            FROM (SELECT p.bucket, p.person_id, n.i AS seq, p.person_id / 4096 AS h, p.seq AS total,
                    ((p.person_id / 4096 %% 1000003) * 31 + n.i * 7919) %% 100 AS r,
                    CASE WHEN p.created_at > %(start)s THEN p.created_at ELSE %(start)s END AS since
                  FROM people_person p CROSS JOIN bench_number n
                  WHERE p.bucket >= %(first)s AND p.bucket < %(last)s AND p.workspace_id = %(workspace)s AND n.i <= p.seq
                 ) AS place) AS evenly) AS spread
"""
MESSAGES_SQL = """
INSERT INTO messages_message (bucket, person_id, message_id, workspace_id, source, occurrence, channel, purpose, is_marketing, template_id, state, reason,
  due_at, created_at, settled_at, attempts, recipient, context, rendered, decisions, provider_id)
SELECT m.bucket, m.person_id, m.at * 2048000 + m.h %% 2048000, %(workspace)s, 'campaign:' || CAST(c.id AS text), m.i, 'email', c.purpose,
  c.purpose = 'marketing_email', c.template_id, m.state,
  CASE m.state WHEN 'skipped' THEN c.purpose || CASE WHEN m.h %% 3 = 0 THEN ':withdrawn' ELSE ':no_consent' END WHEN 'failed' THEN 'refused_by_channel'
    WHEN 'unknown' THEN 'answer_lost' ELSE '' END,
  CASE WHEN m.state = 'queued' THEN %(now)s + {day} * 20 ELSE m.at END, m.at, CASE WHEN m.state = 'queued' THEN NULL ELSE m.at + 900 END,
  CASE WHEN m.state IN ('queued', 'skipped') THEN 0 ELSE 1 END,
  CASE WHEN m.state = 'sent' AND m.at > %(bodies)s THEN i.value ELSE '' END,
  {json}(CASE WHEN m.state = 'queued' THEN '{{"event":{{"name":"signed_up","properties":{{"plan":"team"}}}}}}' ELSE '{{}}' END{as_json}),
  {json}(CASE WHEN m.state = 'sent' AND m.at > %(bodies)s THEN %(rendered)s END{as_json}),
  {json}('[{{"allow":' || CASE WHEN m.state = 'skipped' THEN 'false' ELSE 'true' END || ',"purpose":"' || c.purpose || '","operation":"message","at":'
    || CAST(m.at AS text) || ',"basis":"' || CASE WHEN m.state = 'skipped' THEN '' ELSE 'consent' END || '","reason":"'
    || CASE WHEN m.state = 'skipped' THEN 'no_consent' ELSE '' END || '"}}]'{as_json}), ''
FROM (SELECT p.bucket, p.person_id, n.i, p.person_id / 4096 + n.i * 7919 AS h,
        CASE WHEN p.created_at > %(start)s THEN p.created_at ELSE %(start)s END + (%(now)s - CASE WHEN p.created_at > %(start)s THEN p.created_at ELSE %(start)s END) / 1000 * ((p.person_id / 4096 + n.i * 977) %% 1000) AS at,
        CASE WHEN (p.person_id / 8192 + n.i * 31) %% 100 < 78 THEN 'sent' WHEN (p.person_id / 8192 + n.i * 31) %% 100 < 93 THEN 'skipped'
             WHEN (p.person_id / 8192 + n.i * 31) %% 100 < 95 THEN 'failed' WHEN (p.person_id / 8192 + n.i * 31) %% 100 < 96 THEN 'unknown'
             WHEN (p.person_id / 8192 + n.i * 31) %% 100 < 98 THEN 'cancelled' ELSE 'queued' END AS state
      FROM people_person p CROSS JOIN bench_number n
      WHERE p.bucket >= %(first)s AND p.bucket < %(last)s AND p.workspace_id = %(workspace)s AND n.i <= 60
        AND n.i <= CASE WHEN p.person_id = %(heavy)s THEN 60 ELSE p.person_id / 4096 %% 2 END) AS m
JOIN campaigns_campaign c ON c.id = %(campaign)s + m.h %% %(campaigns)s
JOIN people_identifier i ON i.bucket = m.bucket AND i.person_id = m.person_id AND i.kind = 'email'
"""
RECORDS_SQL = """
INSERT INTO consent_record (bucket, person_id, record_id, workspace_id, purpose, decision, valid, at, method, source, evidence, subject_ref, salt,
  schema, state, purpose_version, notice, notice_version, notice_hash, language, rules)
SELECT p.bucket, p.person_id, p.created_at * 2048000 + n.i, %(workspace)s, CASE n.i WHEN 1 THEN 'marketing_email' ELSE 'behavioural_profiling' END,
  CASE WHEN p.person_id / 4096 %% 10 < 5 THEN 'grant' ELSE 'withdraw' END, TRUE, p.created_at, 'form', 'segment',
  {json}('{{"notice":"Yes, send me news by e-mail, chosen by how I use it.","where":"sign-up form","default_state":"unchecked"}}'{as_json}), p.person_id, {salt},
  2, CASE WHEN p.person_id / 4096 %% 10 < 5 THEN 'ConsentGiven' ELSE 'ConsentWithdrawn' END, 1, '', '', '', 'en', {json}('[]'{as_json})
FROM people_person p CROSS JOIN bench_number n
WHERE p.bucket >= %(first)s AND p.bucket < %(last)s AND p.workspace_id = %(workspace)s AND p.person_id / 4096 %% 10 < 7 AND n.i <= 2
"""
STANCES_SQL = """
INSERT INTO consent_stance (bucket, person_id, purpose, workspace_id, standing, record_id, at, purpose_version)
SELECT r.bucket, r.person_id, r.purpose, r.workspace_id, CASE r.decision WHEN 'grant' THEN 1 ELSE -1 END, r.record_id, r.at, 0
FROM consent_record r WHERE r.bucket >= %(first)s AND r.bucket < %(last)s AND r.workspace_id = %(workspace)s
ORDER BY r.bucket, r.person_id, r.purpose
"""
AUDIT_SQL = """
INSERT INTO workspaces_auditentry (bucket, person_id, entry_id, workspace_id, at, user_id, role, action, detail, reason, address)
SELECT p.bucket, p.person_id, (%(now)s - p.person_id / 4096 %% (CAST({day} AS bigint) * 80)) * 2048000 + p.person_id %% 2048, %(workspace)s,
  %(now)s - p.person_id / 4096 %% (CAST({day} AS bigint) * 80), m.user_id, m.role,
  CASE WHEN p.person_id / 40960 %% 6 < 3 THEN 'person.read' WHEN p.person_id / 40960 %% 6 < 5 THEN 'message.read' ELSE 'person.exported' END,
  {json}('{{}}'{as_json}), '', '192.0.2.7'
FROM people_person p JOIN workspaces_member m ON m.workspace_id = %(workspace)s AND m.role = CASE p.person_id / 40960 %% 5
  WHEN 0 THEN 'owner' WHEN 1 THEN 'developer' WHEN 2 THEN 'privacy_officer' ELSE 'marketer' END
WHERE p.bucket >= %(first)s AND p.bucket < %(last)s AND p.workspace_id = %(workspace)s AND p.person_id / 4096 %% 10 = 1
"""
MINUTES_SQL = """
INSERT INTO intake_minute (workspace_id, minute, lane, accepted, dropped, refused)
SELECT %(workspace)s, received_at / 60000, 0, COUNT(*), COUNT(*) / 30, 0 FROM people_event
WHERE workspace_id = %(workspace)s AND received_at > %(now)s - CAST({day} AS bigint) * 44 GROUP BY received_at / 60000
"""
"""What the door would have counted; in one pass over all buckets."""
PARTS = (
    ("events", EVENTS_SQL),
    ("messages", MESSAGES_SQL),
    ("consent records", RECORDS_SQL),
    ("stances", STANCES_SQL),
    ("audit entries", AUDIT_SQL),
)

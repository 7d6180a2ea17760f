-- What must hold in every database at rest. Each row of the result is a breach: which rule, and where.

SELECT 'a decision of no durable outcome' AS breach, id FROM decision
WHERE outcome NOT IN ('logged', 'merged', 'skipped', 'held')
UNION ALL
SELECT 'one retry key, two decisions', min(id) FROM decision GROUP BY retry_hash, original HAVING count(*) > 1
UNION ALL
SELECT 'deliveries and repeats differ', d.id FROM decision d
WHERE d.deliveries <> 1 + (SELECT count(*) FROM repeat r WHERE r.decision_id = d.id)
UNION ALL
SELECT 'an activity without the decision that made it', a.id FROM activity a
WHERE NOT EXISTS (SELECT 1 FROM decision d WHERE d.activity_id = a.id AND d.outcome = 'logged')
UNION ALL
SELECT 'an activity without its message', a.id FROM activity a
WHERE a.withdrawn_at IS NULL AND a.message_gone_at IS NULL AND NOT EXISTS (SELECT 1 FROM raw_message r WHERE r.activity_id = a.id)
UNION ALL
SELECT 'content of a withdrawn activity', a.id FROM activity a
WHERE a.withdrawn_at IS NOT NULL AND (a.text <> '' OR EXISTS (SELECT 1 FROM raw_message r WHERE r.activity_id = a.id)
OR EXISTS (SELECT 1 FROM participant p WHERE p.activity_id = a.id))
UNION ALL
SELECT 'logged or merged into nothing', id FROM decision WHERE outcome IN ('logged', 'merged') AND activity_id IS NULL
UNION ALL
SELECT 'a copy that is not in its activity''s provenance', d.id FROM decision d
WHERE d.activity_id IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM provenance p WHERE p.activity_id = d.activity_id AND p.decision_id = d.id)
UNION ALL
SELECT 'skipped or held, yet in an activity', id FROM decision
WHERE outcome IN ('skipped', 'held') AND activity_id IS NOT NULL
UNION ALL
SELECT 'evidence of a skipped message', d.id FROM decision d JOIN finding f ON f.decision_id = d.id
WHERE d.outcome = 'skipped'
UNION ALL
SELECT 'held without its message', d.id FROM decision d
WHERE d.outcome = 'held' AND d.superseded_by IS NULL AND NOT EXISTS (SELECT 1 FROM held h WHERE h.decision_id = d.id)
UNION ALL
SELECT 'a held message of a decision that is not held, or no more', h.decision_id FROM held h
JOIN decision d ON d.id = h.decision_id WHERE d.outcome <> 'held' OR d.superseded_by IS NOT NULL
UNION ALL
SELECT 'evidence of a message that is held no more', d.id FROM decision d JOIN finding f ON f.decision_id = d.id
WHERE d.outcome = 'held' AND d.superseded_by IS NOT NULL
UNION ALL
SELECT 'a decision superseded by one of another message or account', d.id FROM decision d
JOIN decision l ON l.id = d.superseded_by WHERE l.account_id <> d.account_id OR l.trace_id <> d.trace_id
UNION ALL
SELECT 'a placeholder that names somebody', activity_id FROM participant
WHERE entry_id IS NOT NULL AND (name <> '' OR address <> '' OR canonical <> '' OR contact_id IS NOT NULL)
UNION ALL
SELECT 'a logged message in a thread that is not logged', a.id FROM activity a JOIN thread t ON t.id = a.thread_id
WHERE t.logged = 0 AND a.withdrawn_at IS NULL
UNION ALL
SELECT 'a decision and its activity in two accounts', d.id FROM decision d JOIN activity a ON a.id = d.activity_id
WHERE d.account_id <> a.account_id
UNION ALL
SELECT 'an activity and its thread in two accounts', a.id FROM activity a JOIN thread t ON t.id = a.thread_id
WHERE a.account_id <> t.account_id
UNION ALL
SELECT 'an activity and its user in two accounts', a.id FROM activity a JOIN account_user u ON u.id = a.user_id
WHERE a.account_id <> u.account_id
UNION ALL
SELECT 'a contact whose record tells another time', a.id FROM activity a
JOIN activity_contact t ON t.activity_id = a.id WHERE t.at <> a.sent_at
UNION ALL
SELECT 'an activity and its contact in two accounts', a.id FROM activity a
JOIN activity_contact t ON t.activity_id = a.id JOIN contact c ON c.id = t.contact_id
WHERE a.account_id <> c.account_id

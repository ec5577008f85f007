CREATE TABLE `acknowledgements` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`cycle_id` integer NOT NULL,
	`notice_id` integer,
	`delivery_id` integer,
	`role` text NOT NULL,
	`answer` text NOT NULL,
	`via` text NOT NULL,
	`officer` text,
	`at` integer NOT NULL,
	CONSTRAINT `fk_acknowledgements_cycle_id_cycles_id_fk` FOREIGN KEY (`cycle_id`) REFERENCES `cycles`(`id`)
);
--> statement-breakpoint
CREATE TABLE `alarms` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`kind` text NOT NULL,
	`detail` text NOT NULL,
	`raised_at` integer NOT NULL,
	`last_at` integer NOT NULL,
	`times` integer DEFAULT 1 NOT NULL,
	`cleared_at` integer
);
--> statement-breakpoint
CREATE TABLE `attempts` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`delivery_id` integer NOT NULL,
	`number` integer NOT NULL,
	`channel` text NOT NULL,
	`worker` text NOT NULL,
	`words` text,
	`segments` integer,
	`started_at` integer NOT NULL,
	`finished_at` integer,
	`outcome` text NOT NULL,
	`sid` text,
	`http_status` integer,
	`error_code` integer,
	`verdict` text,
	`ended` text,
	`answered_by` text,
	`digits` text,
	`heard` integer,
	`seconds` integer,
	`lookups` integer DEFAULT 0 NOT NULL,
	`lookup_at` integer,
	CONSTRAINT `fk_attempts_delivery_id_deliveries_id_fk` FOREIGN KEY (`delivery_id`) REFERENCES `deliveries`(`id`)
);
--> statement-breakpoint
CREATE TABLE `audit` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`at` integer NOT NULL,
	`officer_id` integer,
	`action` text NOT NULL,
	`subject_kind` text,
	`subject_id` integer,
	`detail` text,
	`prev_hash` text NOT NULL,
	`hash` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `case_events` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`case_id` integer NOT NULL,
	`kind` text NOT NULL,
	`level` text,
	`by` text NOT NULL,
	`text` text,
	`on` text NOT NULL,
	`at` integer NOT NULL,
	CONSTRAINT `fk_case_events_case_id_overstay_cases_id_fk` FOREIGN KEY (`case_id`) REFERENCES `overstay_cases`(`id`)
);
--> statement-breakpoint
CREATE TABLE `corrections` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`resident_id` integer NOT NULL,
	`field` text NOT NULL,
	`value` text NOT NULL,
	`register_value` text,
	`former_value` text,
	`reason` text NOT NULL,
	`made_by` text NOT NULL,
	`made_at` integer NOT NULL,
	`ended_at` integer,
	`ended_by` text,
	CONSTRAINT `fk_corrections_resident_id_residents_id_fk` FOREIGN KEY (`resident_id`) REFERENCES `residents`(`id`)
);
--> statement-breakpoint
CREATE TABLE `cycles` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`permit_id` integer NOT NULL,
	`resident_id` integer NOT NULL,
	`expires_on` text NOT NULL,
	`created_at` integer NOT NULL,
	CONSTRAINT `fk_cycles_permit_id_permits_id_fk` FOREIGN KEY (`permit_id`) REFERENCES `permits`(`id`),
	CONSTRAINT `fk_cycles_resident_id_residents_id_fk` FOREIGN KEY (`resident_id`) REFERENCES `residents`(`id`)
);
--> statement-breakpoint
CREATE TABLE `dead_numbers` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`phone_index` text NOT NULL,
	`channel` text NOT NULL,
	`error_code` integer NOT NULL,
	`since` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `deliveries` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`token_hash` text NOT NULL,
	`office_code` text NOT NULL,
	`channel` text NOT NULL,
	`role` text NOT NULL,
	`phone` text NOT NULL,
	`phone_index` text NOT NULL,
	`phone_country` text,
	`language` text NOT NULL,
	`stage` integer NOT NULL,
	`due_on` text NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`not_before` integer NOT NULL,
	`lease_until` integer,
	`worker` text,
	`attempts` integer DEFAULT 0 NOT NULL,
	`sid` text,
	`voice_note_id` integer,
	`state_since` integer NOT NULL,
	`poll_at` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `delivery_notices` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`delivery_id` integer NOT NULL,
	`notice_id` integer NOT NULL,
	`role` text NOT NULL,
	`channel` text NOT NULL,
	CONSTRAINT `fk_delivery_notices_delivery_id_deliveries_id_fk` FOREIGN KEY (`delivery_id`) REFERENCES `deliveries`(`id`),
	CONSTRAINT `fk_delivery_notices_notice_id_notices_id_fk` FOREIGN KEY (`notice_id`) REFERENCES `notices`(`id`)
);
--> statement-breakpoint
CREATE TABLE `erasures` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`at` integer NOT NULL,
	`rule` text NOT NULL,
	`basis` text NOT NULL,
	`table` text NOT NULL,
	`rows` integer NOT NULL,
	`resident_id` integer,
	`by` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `follow_ups` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`resident_id` integer NOT NULL,
	`kind` text NOT NULL,
	`cycle_id` integer DEFAULT 0 NOT NULL,
	`cause` text NOT NULL,
	`owner` text,
	`due_on` text NOT NULL,
	`opened_at` integer NOT NULL,
	`closed_at` integer,
	`closed_by` text,
	`outcome` text,
	CONSTRAINT `fk_follow_ups_resident_id_residents_id_fk` FOREIGN KEY (`resident_id`) REFERENCES `residents`(`id`)
);
--> statement-breakpoint
CREATE TABLE `holds` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`resident_id` integer NOT NULL,
	`reason` text NOT NULL,
	`note` text,
	`set_by` text NOT NULL,
	`set_at` integer NOT NULL,
	`until_on` text,
	`lifted_by` text,
	`lifted_at` integer,
	CONSTRAINT `fk_holds_resident_id_residents_id_fk` FOREIGN KEY (`resident_id`) REFERENCES `residents`(`id`)
);
--> statement-breakpoint
CREATE TABLE `imports` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`office_code` text NOT NULL,
	`file_name` text NOT NULL,
	`file_digest` text NOT NULL,
	`format` text NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`forced` integer DEFAULT 0 NOT NULL,
	`rows` integer DEFAULT 0 NOT NULL,
	`added` integer DEFAULT 0 NOT NULL,
	`changed` integer DEFAULT 0 NOT NULL,
	`renewed` integer DEFAULT 0 NOT NULL,
	`unchanged` integer DEFAULT 0 NOT NULL,
	`absent` integer DEFAULT 0 NOT NULL,
	`rejected` integer DEFAULT 0 NOT NULL,
	`started_at` integer NOT NULL,
	`started_on` text NOT NULL,
	`finished_at` integer
);
--> statement-breakpoint
CREATE TABLE `mails` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`kind` text NOT NULL,
	`about` text NOT NULL,
	`state` text NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`answer` text,
	`not_before` integer NOT NULL,
	`started_at` integer NOT NULL,
	`finished_at` integer
);
--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `notices` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`cycle_id` integer NOT NULL,
	`stage` integer NOT NULL,
	`plan_stage` integer NOT NULL,
	`reference` text NOT NULL,
	`created_on` text NOT NULL,
	`created_at` integer NOT NULL,
	CONSTRAINT `fk_notices_cycle_id_cycles_id_fk` FOREIGN KEY (`cycle_id`) REFERENCES `cycles`(`id`)
);
--> statement-breakpoint
CREATE TABLE `officers` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`name` text NOT NULL,
	`role` text NOT NULL,
	`office_code` text,
	`regencies` text,
	`password_hash` text NOT NULL,
	`one_time_until` integer,
	`totp_secret` text,
	`totp_confirmed_at` integer,
	`totp_step` integer,
	`recovery_hashes` text,
	`failed_count` integer DEFAULT 0 NOT NULL,
	`locked_until` integer,
	`disabled_at` integer,
	`language` text NOT NULL,
	`theme` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `opt_outs` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`phone_index` text NOT NULL,
	`channel` text NOT NULL,
	`since` integer NOT NULL,
	`via` text NOT NULL,
	`withdrawn_at` integer
);
--> statement-breakpoint
CREATE TABLE `overstay_cases` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`cycle_id` integer NOT NULL,
	`permit_id` integer NOT NULL,
	`resident_id` integer NOT NULL,
	`expires_on` text NOT NULL,
	`level` text NOT NULL,
	`known_late` integer DEFAULT 0 NOT NULL,
	`assigned_to` text,
	`proposed` text,
	`proposed_at` integer,
	`opened_on` text NOT NULL,
	`opened_at` integer NOT NULL,
	`closed_at` integer,
	`closed_by` text,
	`outcome` text,
	`version` integer DEFAULT 1 NOT NULL,
	CONSTRAINT `fk_overstay_cases_cycle_id_cycles_id_fk` FOREIGN KEY (`cycle_id`) REFERENCES `cycles`(`id`),
	CONSTRAINT `fk_overstay_cases_permit_id_permits_id_fk` FOREIGN KEY (`permit_id`) REFERENCES `permits`(`id`),
	CONSTRAINT `fk_overstay_cases_resident_id_residents_id_fk` FOREIGN KEY (`resident_id`) REFERENCES `residents`(`id`)
);
--> statement-breakpoint
CREATE TABLE `pauses` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`scope` text NOT NULL,
	`reason` text NOT NULL,
	`error_code` integer,
	`since` integer NOT NULL,
	`until` integer NOT NULL,
	`probes` integer DEFAULT 0 NOT NULL,
	`lifted_at` integer
);
--> statement-breakpoint
CREATE TABLE `permits` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`resident_id` integer NOT NULL,
	`office_code` text NOT NULL,
	`came_from` text,
	`permit_no` text NOT NULL,
	`kind` text NOT NULL,
	`index_code` text,
	`issued_on` text,
	`expires_on` text NOT NULL,
	`is_current` integer DEFAULT 0 NOT NULL,
	`register_digest` text NOT NULL,
	`first_import_id` integer,
	`last_import_id` integer,
	`known_since` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT `fk_permits_resident_id_residents_id_fk` FOREIGN KEY (`resident_id`) REFERENCES `residents`(`id`)
);
--> statement-breakpoint
CREATE TABLE `receipts` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`kind` text NOT NULL,
	`sid` text NOT NULL,
	`status` text NOT NULL,
	`error_code` integer,
	`attempt_id` integer,
	`raw` text NOT NULL,
	`signature` text NOT NULL,
	`url` text NOT NULL,
	`digest` text NOT NULL,
	`received_at` integer NOT NULL,
	`applied_at` integer
);
--> statement-breakpoint
CREATE TABLE `rejects` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`import_id` integer NOT NULL,
	`line` integer NOT NULL,
	`column` text NOT NULL,
	`value` text NOT NULL,
	`reason` text NOT NULL,
	`reason_id` text NOT NULL,
	`fatal` integer NOT NULL,
	CONSTRAINT `fk_rejects_import_id_imports_id_fk` FOREIGN KEY (`import_id`) REFERENCES `imports`(`id`)
);
--> statement-breakpoint
CREATE TABLE `residents` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`office_code` text NOT NULL,
	`register_no` text,
	`full_name` text NOT NULL,
	`nationality` text NOT NULL,
	`passport_no` text,
	`passport_index` text,
	`sex` text,
	`birth_date` text,
	`phone` text,
	`phone_index` text,
	`phone_country` text,
	`phone_line` text,
	`whatsapp_opt_in_on` text,
	`language` text,
	`address` text,
	`regency` text,
	`district` text,
	`purpose` text,
	`sponsor_name` text,
	`sponsor_phone` text,
	`sponsor_phone_index` text,
	`sponsor_phone_country` text,
	`sponsor_phone_line` text,
	`chosen_language` text,
	`identity_doubt` text,
	`register_digest` text NOT NULL,
	`first_import_id` integer,
	`last_import_id` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`erased_at` integer
);
--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`token_hash` text NOT NULL,
	`officer_id` integer NOT NULL,
	`office_code` text,
	`code_at` integer,
	`created_at` integer NOT NULL,
	`seen_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`ended_at` integer,
	CONSTRAINT `fk_sessions_officer_id_officers_id_fk` FOREIGN KEY (`officer_id`) REFERENCES `officers`(`id`)
);
--> statement-breakpoint
CREATE TABLE `slots` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`duty` text NOT NULL,
	`planned_at` integer NOT NULL,
	`started_at` integer NOT NULL,
	`lease_until` integer NOT NULL,
	`finished_at` integer,
	`worker` text NOT NULL,
	`result` text,
	`failed` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE `staging` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`import_id` integer NOT NULL,
	`line` integer NOT NULL,
	`register_no` text,
	`full_name` text NOT NULL,
	`nationality` text NOT NULL,
	`passport_no` text,
	`passport_index` text,
	`sex` text,
	`birth_date` text,
	`phone` text,
	`phone_index` text,
	`phone_country` text,
	`phone_line` text,
	`whatsapp_opt_in_on` text,
	`language` text,
	`address` text,
	`regency` text,
	`district` text,
	`purpose` text,
	`sponsor_name` text,
	`sponsor_phone` text,
	`sponsor_phone_index` text,
	`sponsor_phone_country` text,
	`sponsor_phone_line` text,
	`permit_no` text NOT NULL,
	`permit_kind` text NOT NULL,
	`index_code` text,
	`issued_on` text,
	`expires_on` text NOT NULL,
	`resident_digest` text NOT NULL,
	`permit_digest` text NOT NULL,
	`resident_id` integer,
	`permit_id` integer,
	`verdict` text,
	CONSTRAINT `fk_staging_import_id_imports_id_fk` FOREIGN KEY (`import_id`) REFERENCES `imports`(`id`)
);
--> statement-breakpoint
CREATE TABLE `told_marks` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`permit_mark` text NOT NULL,
	`expires_on` text NOT NULL,
	`stage` integer NOT NULL,
	`case_closed` integer DEFAULT 0 NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `transfers` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`resident_id` integer NOT NULL,
	`from_office` text NOT NULL,
	`to_office` text NOT NULL,
	`by` text NOT NULL,
	`at` integer NOT NULL,
	CONSTRAINT `fk_transfers_resident_id_residents_id_fk` FOREIGN KEY (`resident_id`) REFERENCES `residents`(`id`)
);
--> statement-breakpoint
CREATE TABLE `voice_notes` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`content_key` text NOT NULL,
	`token` text NOT NULL,
	`language` text NOT NULL,
	`spoken` text NOT NULL,
	`engine` text NOT NULL,
	`voices` text NOT NULL,
	`characters` integer NOT NULL,
	`milliseconds` integer NOT NULL,
	`mp3_bytes` integer NOT NULL,
	`mp3_digest` text NOT NULL,
	`ogg_bytes` integer NOT NULL,
	`ogg_digest` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_on` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `workers` (
	`id` integer PRIMARY KEY AUTOINCREMENT,
	`name` text NOT NULL,
	`started_at` integer NOT NULL,
	`seen_at` integer NOT NULL,
	`stopped_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `acknowledgements_once` ON `acknowledgements` (`cycle_id`,`role`,`answer`,`via`);--> statement-breakpoint
CREATE UNIQUE INDEX `alarms_live` ON `alarms` (`kind`) WHERE cleared_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX `attempts_number` ON `attempts` (`delivery_id`,`number`);--> statement-breakpoint
CREATE UNIQUE INDEX `attempts_sid` ON `attempts` (`sid`);--> statement-breakpoint
CREATE INDEX `attempts_lookup` ON `attempts` (`outcome`,`lookup_at`);--> statement-breakpoint
CREATE INDEX `attempts_error` ON `attempts` (`error_code`,`delivery_id`) WHERE error_code is not null;--> statement-breakpoint
CREATE INDEX `attempts_verdict` ON `attempts` (`verdict`,`channel`) WHERE verdict is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `audit_chain` ON `audit` (`prev_hash`);--> statement-breakpoint
CREATE INDEX `audit_officer` ON `audit` (`officer_id`,`id`);--> statement-breakpoint
CREATE INDEX `audit_subject` ON `audit` (`subject_kind`,`subject_id`,`id`);--> statement-breakpoint
CREATE INDEX `case_events_case` ON `case_events` (`case_id`,`id`);--> statement-breakpoint
CREATE INDEX `case_events_day` ON `case_events` (`kind`,`on`,`case_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `corrections_live` ON `corrections` (`resident_id`,`field`) WHERE ended_at is null;--> statement-breakpoint
CREATE INDEX `corrections_resident` ON `corrections` (`resident_id`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `cycles_permit_expiry` ON `cycles` (`permit_id`,`expires_on`);--> statement-breakpoint
CREATE INDEX `cycles_resident` ON `cycles` (`resident_id`);--> statement-breakpoint
CREATE INDEX `cycles_expiry` ON `cycles` (`expires_on`);--> statement-breakpoint
CREATE UNIQUE INDEX `dead_numbers_once` ON `dead_numbers` (`phone_index`,`channel`);--> statement-breakpoint
CREATE UNIQUE INDEX `deliveries_token` ON `deliveries` (`token_hash`,`channel`);--> statement-breakpoint
CREATE INDEX `deliveries_queue` ON `deliveries` (`state`,`channel`,`not_before`,`id`);--> statement-breakpoint
CREATE INDEX `deliveries_lease` ON `deliveries` (`state`,`lease_until`);--> statement-breakpoint
CREATE INDEX `deliveries_poll` ON `deliveries` (`poll_at`);--> statement-breakpoint
CREATE INDEX `deliveries_phone` ON `deliveries` (`phone_index`,`channel`,`state`);--> statement-breakpoint
CREATE INDEX `deliveries_group` ON `deliveries` (`due_on`,`phone_index`,`channel`);--> statement-breakpoint
CREATE INDEX `deliveries_sid` ON `deliveries` (`sid`);--> statement-breakpoint
CREATE INDEX `deliveries_state` ON `deliveries` (`state`,`id`);--> statement-breakpoint
CREATE INDEX `deliveries_due` ON `deliveries` (`due_on`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `delivery_notices_once` ON `delivery_notices` (`notice_id`,`role`,`channel`);--> statement-breakpoint
CREATE INDEX `delivery_notices_delivery` ON `delivery_notices` (`delivery_id`);--> statement-breakpoint
CREATE INDEX `erasures_rule` ON `erasures` (`rule`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `follow_ups_cause` ON `follow_ups` (`resident_id`,`kind`,`cycle_id`,`cause`);--> statement-breakpoint
CREATE UNIQUE INDEX `follow_ups_open` ON `follow_ups` (`resident_id`,`kind`,`cycle_id`) WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX `follow_ups_due` ON `follow_ups` (`closed_at`,`due_on`);--> statement-breakpoint
CREATE INDEX `holds_resident` ON `holds` (`resident_id`);--> statement-breakpoint
CREATE INDEX `holds_live` ON `holds` (`lifted_at`,`until_on`);--> statement-breakpoint
CREATE INDEX `imports_state` ON `imports` (`state`);--> statement-breakpoint
CREATE UNIQUE INDEX `mails_about` ON `mails` (`about`);--> statement-breakpoint
CREATE INDEX `mails_state` ON `mails` (`state`,`not_before`);--> statement-breakpoint
CREATE UNIQUE INDEX `notices_cycle_stage` ON `notices` (`cycle_id`,`stage`);--> statement-breakpoint
CREATE UNIQUE INDEX `notices_reference` ON `notices` (`reference`);--> statement-breakpoint
CREATE INDEX `notices_day` ON `notices` (`created_on`);--> statement-breakpoint
CREATE UNIQUE INDEX `officers_name` ON `officers` (`name`);--> statement-breakpoint
CREATE UNIQUE INDEX `opt_outs_live` ON `opt_outs` (`phone_index`,`channel`) WHERE withdrawn_at is null;--> statement-breakpoint
CREATE INDEX `opt_outs_phone` ON `opt_outs` (`phone_index`);--> statement-breakpoint
CREATE UNIQUE INDEX `overstay_cases_cycle` ON `overstay_cases` (`cycle_id`);--> statement-breakpoint
CREATE INDEX `overstay_cases_open` ON `overstay_cases` (`closed_at`,`expires_on`);--> statement-breakpoint
CREATE INDEX `overstay_cases_resident` ON `overstay_cases` (`resident_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `pauses_live` ON `pauses` (`scope`) WHERE lifted_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX `permits_permit_no` ON `permits` (`office_code`,`permit_no`);--> statement-breakpoint
CREATE INDEX `permits_resident` ON `permits` (`resident_id`,`is_current`);--> statement-breakpoint
CREATE INDEX `permits_due` ON `permits` (`is_current`,`expires_on`,`id`,`office_code`,`resident_id`,`kind`);--> statement-breakpoint
CREATE INDEX `permits_kind` ON `permits` (`kind`,`is_current`,`resident_id`);--> statement-breakpoint
CREATE INDEX `permits_last_import` ON `permits` (`office_code`,`last_import_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `receipts_digest` ON `receipts` (`digest`);--> statement-breakpoint
CREATE INDEX `receipts_sid` ON `receipts` (`sid`);--> statement-breakpoint
CREATE INDEX `receipts_waiting` ON `receipts` (`applied_at`,`id`);--> statement-breakpoint
CREATE INDEX `receipts_kind` ON `receipts` (`kind`,`id`);--> statement-breakpoint
CREATE INDEX `rejects_import` ON `rejects` (`import_id`,`line`);--> statement-breakpoint
CREATE UNIQUE INDEX `residents_register_no` ON `residents` (`office_code`,`register_no`);--> statement-breakpoint
CREATE INDEX `residents_passport` ON `residents` (`passport_index`,`nationality`);--> statement-breakpoint
CREATE INDEX `residents_name` ON `residents` (`full_name`,`birth_date`,`nationality`);--> statement-breakpoint
CREATE INDEX `residents_phone` ON `residents` (`phone_index`);--> statement-breakpoint
CREATE INDEX `residents_sponsor_phone` ON `residents` (`sponsor_phone_index`);--> statement-breakpoint
CREATE INDEX `residents_last_import` ON `residents` (`office_code`,`last_import_id`);--> statement-breakpoint
CREATE INDEX `residents_regency` ON `residents` (`regency`);--> statement-breakpoint
CREATE UNIQUE INDEX `sessions_token` ON `sessions` (`token_hash`);--> statement-breakpoint
CREATE INDEX `sessions_officer` ON `sessions` (`officer_id`,`ended_at`);--> statement-breakpoint
CREATE UNIQUE INDEX `slots_once` ON `slots` (`duty`,`planned_at`);--> statement-breakpoint
CREATE INDEX `staging_import_permit` ON `staging` (`import_id`,`permit_no`);--> statement-breakpoint
CREATE INDEX `staging_import_register` ON `staging` (`import_id`,`register_no`);--> statement-breakpoint
CREATE INDEX `staging_import_passport` ON `staging` (`import_id`,`passport_index`);--> statement-breakpoint
CREATE INDEX `staging_import_person` ON `staging` (`import_id`,`resident_id`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `told_marks_once` ON `told_marks` (`permit_mark`,`expires_on`,`stage`);--> statement-breakpoint
CREATE INDEX `transfers_resident` ON `transfers` (`resident_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `voice_notes_content` ON `voice_notes` (`content_key`);--> statement-breakpoint
CREATE UNIQUE INDEX `voice_notes_token` ON `voice_notes` (`token`);--> statement-breakpoint
CREATE UNIQUE INDEX `workers_name` ON `workers` (`name`);
// Package settings is what azptu is told to do by default and what it
// remembers. Settings come from config_consolidated.json (sections
// ptu_requirements, ptu_models, messages, deployment_types, settings), from
// AZPTU_* variables and from flags; the strongest source wins and every value
// knows where it came from. The state, .cli_state, is what commands such as
// set-project write down for the next ones, and a short-lived cache of the
// accounts that were last listed. Both files are treated as hostile: a faulty
// configuration is reported with every fault and its path, a damaged state is
// set aside and started afresh.
package settings

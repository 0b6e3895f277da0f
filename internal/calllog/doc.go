// Package calllog keeps what happened as tables on disk: each call through the
// gateway as rows of Azure Monitor's own tables (ApiManagementGatewayLogs,
// ApiManagementGatewayLlmLog, AzureDiagnostics), so that queries written for
// Log Analytics mean the same here, and as one row of Calls, a table of our
// own with everything known of the call in plain columns. Rows are appended as
// lines of JSON, each with its checksum.
package calllog

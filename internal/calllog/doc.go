// Package calllog keeps what happened as tables on disk: each call through the
// gateway as rows of Azure Monitor's own tables (ApiManagementGatewayLogs,
// ApiManagementGatewayLlmLog, AzureDiagnostics), so that queries written for
// Log Analytics mean the same here, and as one row of Calls, a table of our
// own with everything known of the call in plain columns. Rows are appended as
// lines of JSON, each with its checksum, in segments that are closed by size and
// age. Rows are durable after one flush interval; a writer that is killed loses
// no more than that, and half a row it left is cut off. A Store writes, one to a
// folder; a View reads, from any process, and is a database to package kql.
package calllog

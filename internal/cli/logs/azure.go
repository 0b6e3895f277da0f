package logs

import (
	"fmt"

	"github.com/azptu/azptu/internal/azure/ingest"
	"github.com/azptu/azptu/internal/azure/login"
	"github.com/azptu/azptu/internal/azure/logquery"
	"github.com/azptu/azptu/internal/calllog"
	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/gateway/config"
)

// signIn is the way to Azure's logs.
type signIn struct {
	cloud login.Cloud
	query logquery.Options
}

// reach finds the cloud and prepares the sign-in, without touching the network.
func reach(env *verb.Env) (signIn, error) {
	cloud, err := session.FindCloud(env)
	if err != nil {
		return signIn{}, err
	}
	base := env.Transport()
	if err := login.Trust(base, cloud.CAFile, env.Getenv("SSL_CERT_FILE")); err != nil {
		return signIn{}, exit.New(exit.Failed, env.T("azure.ca-unreadable", "Error", err.Error())).Wrap(err)
	}
	transport := env.Traced(base)
	credential, err := login.Credential(cloud, env.Getenv("AZURE_TENANT_ID"), transport, env.Now)
	if err != nil {
		return signIn{}, session.Explain(env, err)
	}
	return signIn{cloud, logquery.Options{Credential: credential, Transport: login.Transporter(transport)}}, nil
}

// ingestAudiences are what tokens of the Logs Ingestion API are for.
var ingestAudiences = map[string]string{"usgov": "https://monitor.azure.us/", "china": "https://monitor.azure.cn/"}

// Shipments prepares the sinks of a gateway's configuration. Nothing is sent yet.
func Shipments(env *verb.Env, sinks []config.Sink) ([]calllog.Shipment, error) {
	if len(sinks) == 0 {
		return nil, nil
	}
	way, err := reach(env)
	if err != nil {
		return nil, err
	}
	var all []calllog.Shipment
	for _, s := range sinks {
		shipment := calllog.Shipment{Name: s.Name}
		for table := range s.Tables {
			shipment.Tables = append(shipment.Tables, table)
		}
		options := ingest.Options{Credential: way.query.Credential, Transport: way.query.Transport}
		if s.Kind == config.ExplorerSink {
			shipment.Sink, err = ingest.NewExplorer(s.Endpoint.String(), s.Database, s.Tables, options)
		} else {
			options.Audience = ingestAudiences[way.cloud.Name]
			shipment.Sink, err = ingest.NewWorkspace(s.Endpoint.String(), s.Rule, s.Tables, options)
		}
		if err != nil {
			return nil, fmt.Errorf("preparing sink %s: %w", s.Name, err)
		}
		all = append(all, shipment)
	}
	return all, nil
}

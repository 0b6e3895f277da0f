package migrate

import (
	"context"
	"errors"
	"fmt"

	"github.com/azptu/azptu/internal/azure/arm"
)

// Azure is what carrying out a plan needs of Resource Manager.
type Azure interface {
	Deployment(ctx context.Context, ref arm.DeploymentRef) (arm.Deployment, error)
	PutDeployment(ctx context.Context, d arm.Deployment) (*arm.Operation, error)
}

// ErrChanged says that somebody changed the deployment after the plan was made.
var ErrChanged = errors.New("the deployment has changed since the plan was made")

// ErrRefused says that the plan has findings that forbid it.
var ErrRefused = errors.New("the plan is refused")

// Begin sends the migration, unless it is under way already: then it returns
// no operation, and following the deployment's state is enough. What the plan
// was made for is looked at once more, so that nobody's change is undone.
func Begin(ctx context.Context, azure Azure, p Plan) (*arm.Operation, error) {
	if p.Refused() {
		if _, underway := p.Has(Underway); underway {
			return nil, nil
		}
		return nil, ErrRefused
	}
	now, err := azure.Deployment(ctx, p.From.DeploymentRef)
	if err != nil {
		return nil, fmt.Errorf("looking at the deployment before migrating it: %w", err)
	}
	if now.Model != p.From.Model || now.Capacity != p.From.Capacity || now.SKU != p.From.SKU || now.State != p.From.State {
		return nil, ErrChanged
	}
	op, err := azure.PutDeployment(ctx, p.To)
	if err != nil {
		return nil, fmt.Errorf("migrating the deployment: %w", err)
	}
	return op, nil
}

// Done tells whether d is where the plan wanted it.
func (p Plan) Done(d arm.Deployment) bool {
	return d.Settled() && d.State == "Succeeded" && d.Model.Name == p.To.Model.Name && d.Model.Version == p.To.Model.Version
}

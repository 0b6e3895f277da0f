package logquery

import (
	"io"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// roundTripper is a transport of the SDK as net/http takes it.
type roundTripper struct{ policy.Transporter }

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	return r.Do(request)
}

// maxError bounds what is read of an error.
const maxError = 1 << 20

func readAll(r *http.Response) ([]byte, error) { return io.ReadAll(io.LimitReader(r.Body, maxError)) }

package front

import (
	"io"
	"log"
)

// quiet hears what net/http has to say of panics and bad requests.
var quiet = log.New(io.Discard, "", 0)

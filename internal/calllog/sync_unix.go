//go:build unix

package calllog

import (
	"errors"
	"fmt"
	"os"
)

// syncFolder makes a rename in a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("syncing folder: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}

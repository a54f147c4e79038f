package api

// Attachment is a file that goes with a message.
type Attachment struct {
	Name string `json:"name"`
	Type string `json:"type"` // MIME type
	Size int64  `json:"size"` // bytes
}

// Upload is an attachment on its way to hfd.
type Upload struct {
	Name string `json:"name"`
	Type string `json:"type,omitempty"` // MIME type; absent: found out from the content
	Data []byte `json:"data"`
}

// The limits of the attachments of one message, in bytes and files.
const (
	MaxAttachment  = 10 << 20
	MaxAttachments = 20 << 20 // of all together
	MaxFiles       = 20
)

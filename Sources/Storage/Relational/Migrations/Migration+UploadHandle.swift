extension Migration {
    /// What the object store calls an upload, where it chooses the name itself.
    static let uploadHandle = Migration(
        4, "upload-handle",
        """
        ALTER TABLE uploads ADD COLUMN store_handle TEXT;
        """)
}

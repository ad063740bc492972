package struct UploadSettings: Sendable, Equatable {
    package let partBytes: ByteCount
    package let maximumParts: Int
    package let maximumBytes: ByteCount
    package let tenantBytes: ByteCount
    package let lifetime: Duration
    package let partURLLifetime: Duration
    package let maximumOpenPerTenant: Int
}

extension UploadSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        partBytes = section.value(
            "partBytes", "Size of each part but the last.", .bytes(in: .kibibytes(1) ... .gibibytes(5)))
        maximumParts = section.value("maximumParts", "Parts of one upload.", .integer(in: 1...10_000))
        maximumBytes = section.value(
            "maximumBytes", "Largest file.", .bytes(in: .kibibytes(1) ... .tebibytes(5)))
        tenantBytes = section.value(
            "tenantBytes", "What one tenant may store.", .bytes(in: .kibibytes(1) ... .tebibytes(1024)))
        lifetime = section.value(
            "lifetime", "An upload not completed by then is abandoned.",
            .duration(in: .seconds(1) ... .days(30)))
        partURLLifetime = section.value(
            "partURLLifetime", "How long the address of a part holds; more can be asked for.",
            .duration(in: .seconds(1) ... .days(7)))
        maximumOpenPerTenant = section.value(
            "maximumOpenPerTenant", "Uploads of one tenant at once.", .integer(in: 1...100_000))
        section.require(
            ["maximumBytes", "partBytes", "maximumParts"],
            maximumBytes.bytes <= partBytes.bytes * Int64(maximumParts),
            "does not fit into \(maximumParts) parts of \(partBytes); raise partBytes or maximumParts")
        section.require(
            ["tenantBytes", "maximumBytes"], tenantBytes >= maximumBytes,
            "must be at least maximumBytes (\(maximumBytes))")
        section.require(
            ["partURLLifetime", "lifetime"], partURLLifetime <= lifetime,
            "must not be longer than lifetime (\(lifetime.inUnits))")
    }
}

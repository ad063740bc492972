package struct DirectorySettings: Sendable, Equatable {
    package let region: String
    package let shard: Int
}

extension DirectorySettings: ProfileSection {
    init(reading section: inout SectionReader) {
        region = section.value("region", "Region new tenants are placed in.", .text)
        shard = section.value("shard", "Shard new tenants are placed in.", .integer(in: 0...65_535))
    }
}

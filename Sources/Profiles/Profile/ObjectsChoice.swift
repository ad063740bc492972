/// Where files are kept.
package enum ObjectsChoice: Sendable, Equatable {
    case files(FileObjectsSettings)
    case s3(S3ObjectsSettings)
}

extension ObjectsChoice: ProfileSection {
    init(reading section: inout SectionReader) {
        self = section.adapter([
            Adapter("files", "A folder on this machine, served by the app under signed addresses.") {
                .files(FileObjectsSettings(reading: &$0))
            },
            Adapter("s3", "A bucket behind the S3 API; clients send their parts straight to it.") {
                .s3(S3ObjectsSettings(reading: &$0))
            },
        ])
    }
}

package struct FileObjectsSettings: Sendable, Equatable {
    package let path: String
    package let signingKey: SecretReference
    package let maximumTransfers: Int
    package let minimumFreeBytes: ByteCount
}

extension FileObjectsSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        path = section.value("path", "The folder; it is made.", .path)
        signingKey = section.value("signingKey", "Signs the addresses of parts.", .secret(.symmetricKey))
        maximumTransfers = section.value(
            "maximumTransfers", "Uploads and downloads at once; more are refused.", .integer(in: 1...100_000))
        minimumFreeBytes = section.value(
            "minimumFreeBytes", "Uploads are refused while the disk has less free.",
            .bytes(in: ByteCount(0) ... .tebibytes(1024)))
    }
}

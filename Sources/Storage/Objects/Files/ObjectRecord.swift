import Kernel

/// What the file `name~` says: that the object exists, what it is, and which slot holds its bytes.
struct ObjectRecord: Sendable, Codable {
    let stat: ObjectStat
    /// 0 or 1.
    let slot: Int
    /// Differs with every write, so that a reader sees whether it was replaced between two looks.
    let revision: String
    /// The multipart upload that made it: asked again, that upload knows itself complete.
    let upload: String?
}

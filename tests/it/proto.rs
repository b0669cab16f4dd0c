//! The committed code of OpAMP's messages is what `opamp.proto` says.
//! `UPDATE_EXPECT=1 cargo test --test it proto` writes it.

use expect_test::expect_file;
use std::path::Path;

#[test]
fn the_code_of_opamps_messages_is_made_from_their_declaration() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/instrument/opamp");
    let files = protox::compile(["opamp.proto"], [&dir]).expect("the declaration compiles");
    let modules = files.file.into_iter().map(|file| (prost_build::Module::from_protobuf_package_name(file.package()), file));
    let made = prost_build::Config::new().generate(modules.collect()).expect("code can be made from it");
    let code: String = made.into_values().collect();
    let head = "// DO NOT EDIT: made from opamp.proto by tests/it/proto.rs (UPDATE_EXPECT=1 cargo test --test it proto).\n\
                //! OpAMP's messages as they travel. Knows what they are called,\n\
                //! not what they are for.\n";
    expect_file![dir.join("proto.rs")].assert_eq(&format!("{head}{code}"));
}
